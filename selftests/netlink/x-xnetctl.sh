# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# shellcheck source-path=SCRIPTDIR source=lib.sh
#
# Tests of xnetctl on devices that this shell has open.

test_nothing_open()
{
	x show
	expect_ok
	expect_line "no device is open"
	x stats
	expect_ok
	expect_line "no device is open"
	x show --json
	expect_ok
	expect_json 'd == {"devices": []}'
	x stats --json
	expect_json 'd == {"devices": []}'
}

test_show()
{
	exec 7<>"$DEV" 8<>"$DEV"
	x show
	expect_ok
	[ "$(grep -c '^device [0-9]*: no owner$' out)" = 2 ] || fail "not two devices"
	[ "$(grep -cE '^ +[01]  (rx|tx)   stopped  .*  -                -         -$' out)" = 4 ] ||
		fail "not four queues"
	id=$(sed -n '1s/device \([0-9]*\):.*/\1/p' out)
	x show "$id"
	expect_ok
	[ "$(grep -c '^device' out)" = 1 ] || fail "not one device"
	exec 7>&-
	x show "$id"
	expect_error 1 "there is no device $id; 'xnetctl show' tells which are open"
	x stats "$id"
	expect_error 1 "there is no device $id; 'xnetctl show' tells which are open"
}

test_show_json()
{
	exec 7<>"$DEV"
	x show --json
	expect_ok
	expect_json 'len(d["devices"]) == 1'
	expect_json 'd["devices"][0]["owner"] is None and d["devices"][0]["worker"] is None'
	expect_json 'd["devices"][0]["features-high"] == 0'
	expect_json 'd["devices"][0]["features"] == 0 and d["devices"][0]["feature-names"] == []'
	expect_json '[[q[k] for k in ("index", "direction", "state", "fault", "backend")]
		for q in d["devices"][0]["queues"]] == [
		[0, "rx", "stopped", "none", None], [1, "tx", "stopped", "none", None]]'
}

test_stats()
{
	exec 7<>"$DEV"
	x stats
	expect_ok
	expect_line '  \(nothing counted yet\)'
	expect_no_line ' *packets .*'
	x stats --all
	expect_ok
	expect_line '  packets +0 +0'
	expect_line '  drops +0 +0'
	expect_line '    runt +0 +0'
	expect_line '  ring-errors +0 +0'
	x stats --json
	expect_json 'len(d["devices"][0]["queues"]) == 2'
	expect_json 'all(v == 0 for q in d["devices"][0]["queues"] for v in q["counters"].values())'
	# The names in JSON are those of the specification, all of them.
	/usr/bin/python3 - "$HERE/../../Documentation/netlink/specs/vhost_xnet.yaml" <<-'PYTHON' ||
	import json, sys, yaml
	spec = yaml.safe_load(open(sys.argv[1]))
	sets = {s["name"]: s for s in spec["attribute-sets"]}
	want = [a["name"] for a in sets["counters"]["attributes"]]
	got = list(json.load(open("out"))["devices"][0]["queues"][0]["counters"])
	sys.exit(got != want)
	PYTHON
		fail "the names are not those of the specification"
}

# A device that is used, by the program of the other tests.
test_stats_of_traffic()
{
	local i

	"$HERE/nltest" hold_traffic >held 2>&1 &
	# shellcheck disable=SC2064
	trap "kill $!" EXIT
	for i in $(seq 100); do
		x stats --json
		expect_ok
		grep -q '"packets": [1-9]' out && break
		sleep 0.1
	done
	[ "$i" -lt 100 ] || fail "no packet was counted"
	x stats
	expect_ok
	expect_line '  packets +0 +[1-9][0-9]*'
	expect_line '  drops +0 +[1-9][0-9]*'
	expect_line '    runt +0 +[1-9][0-9]*'
	x show
	expect_line "device [0-9]+: nltest \(pid $!\), worker [0-9]+"
	expect_line ' +1  tx   running +256  tap0 .*'
	expect_line '  features  0x[0-9a-f]+ mrg-rxbuf indirect-desc event-idx version-1'
	x stats --watch 0.5 --count 2
	expect_ok
	[ "$(grep -c PER out)" = 2 ] || fail "not two reports"
	expect_line '  packets +0\.0 +[1-9][0-9.]*'
	x stats --watch 0.5 --count 2 --json
	expect_ok
	[ "$(wc -l <out)" = 2 ] || fail "not two lines"
	sed -i 1d out
	expect_json 'abs(d["seconds"] - 0.5) < 0.4'
	expect_json 'd["devices"][0]["queues"][1]["rates"]["packets"] > 0'
}

test_many()
{
	local fds=() fd

	for _ in $(seq 100); do
		exec {fd}<>"$DEV"
		fds+=("$fd")
	done
	x show
	expect_ok
	[ "$(grep -c '^device' out)" = 100 ] || fail "not 100 devices"
	[ "$(grep -cE '^ +[01]  [rt]x' out)" = 200 ] || fail "not 200 queues"
	x stats --all
	[ "$(grep -c '^  packets' out)" = 100 ] || fail "not 100 tables"
}

test_refused()
{
	X="setpriv --reuid 65534 --clear-groups $X"
	ST=0
	$X show >out 2>err || ST=$?
	expect_error 1 "only root may look at vhost-xnet devices (CAP_NET_ADMIN is needed)"
	ST=0
	$X stats --json >out 2>err || ST=$?
	expect_error 1 "only root may look at vhost-xnet devices (CAP_NET_ADMIN is needed)"
}

test_wrong_words()
{
	x
	expect_error 2 "a command is missing, 'show' or 'stats'; see --help"
	x list
	expect_error 2 "there is no command 'list', only 'show' and 'stats'; see --help"
	x show tap0
	expect_error 2 "a device is named by its number, from 1 on, not 'tap0'; 'xnetctl show' tells the numbers"
	x show 4294967296
	expect_error 2 "a device is named by its number, from 1 on, not '4294967296'; 'xnetctl show' tells the numbers"
	x show 0
	expect_error 2 "a device is named by its number, from 1 on, not '0'; 'xnetctl show' tells the numbers"
	x show 1 2
	expect_error 2 "'2' is one word too many; one device at most can be named"
	x show --watch 1
	expect_error 2 "--all, --watch and --count belong to 'stats', not to 'show'"
	x stats --count 1
	expect_error 2 "--count says how often to --watch, which is missing"
	x stats --watch
	expect_error 2 "--watch needs a value; see --help"
	x stats --watch 0
	expect_error 2 "--watch takes a number of seconds from 0.1 to 86400, not '0'"
	x stats --watch nan
	expect_error 2 "--watch takes a number of seconds from 0.1 to 86400, not 'nan'"
	x stats --watch 1 --count 0
	expect_error 2 "--count takes a number from 1 on, not '0'"
	x show --frob
	expect_error 2 "'--frob' is no option, or takes no value; see --help"
}

test_help_and_version()
{
	x --help
	expect_ok
	expect_line 'usage: xnetctl show .*'
	x --version
	expect_ok
	expect_line 'xnetctl [0-9.]+'
}

test_full_disk()
{
	exec 7<>"$DEV"
	ST=0
	"$X" show >/dev/full 2>err || ST=$?
	expect_error 1 "cannot write to standard output: No space left on device"
	ST=0
	"$X" stats --watch 0.1 >/dev/full 2>err || ST=$?
	expect_error 1 "cannot write to standard output: No space left on device"
}

test_watched_device_closes()
{
	exec 7<>"$DEV"
	x show --json
	id=$(/usr/bin/python3 -c 'import json; print(json.load(open("out"))["devices"][0]["id"])')
	(
		exec 7>&-
		ST=0
		"$X" stats "$id" --watch 0.2 >out 2>err || ST=$?
		echo "$ST" >status
	) &
	sleep 0.5
	exec 7>&-
	wait "$!"
	[ "$(cat status)" = 1 ] || fail "status $(cat status)"
	grep -q "there is no device $id;" err || fail "another sentence"
}
