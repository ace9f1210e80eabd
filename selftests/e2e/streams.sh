# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Four streams at once, TCP and UDP both ways between the VM and the guest in
# use, every byte checked where it arrives (stream.c).
#
# streams_start KBYTES       TCP at this rate a second, UDP at a sixteenth: the
#                            guest chooses the size of its buffers by the mean
#                            of what arrives, and it writes nothing itself into
#                            those that are as large as a page
# streams_flow LIMIT         waits until packets pass both ways on the guest's tap
# streams_end                ends them; fails if anything arrived changed,
#                            twice (TCP), or never (TCP)

STREAM=$PWD/selftests/build/e2e/stream

streams_start()
{
	local dir=$E2E_DIR/streams udp=$(($1 / 16))

	rm -rf "$dir" && mkdir -p "$dir"
	$STREAM tcp-recv 7002 >"$dir/tcp.here" 2>&1 &
	stream_recv=$!
	$STREAM udp-recv 7004 >"$dir/udp.here" 2>&1 &
	stream_udp=$!
	guest_run 120 "cd /tmp;
		stream tcp-recv 7001 >tcp.there 2>&1 &
		stream udp-recv 7003 >udp.there 2>&1 & echo \$! >receivers;
		stream tcp-send $HOST_IP 7002 $1 >tcp.from 2>&1 & echo \$! >senders;
		stream udp-send $HOST_IP 7004 $udp >udp.from 2>&1 & echo \$! >>senders" || return
	$STREAM tcp-send $GUEST_IP 7001 "$1" >"$dir/tcp.from" 2>&1 &
	stream_sends=$!
	$STREAM udp-send $GUEST_IP 7003 $udp >"$dir/udp.from" 2>&1 &
	stream_sends="$stream_sends $!"
	streams_flow 120
}

streams_flow()
{
	local rx tx

	rx=$(tap_counter rx packets) tx=$(tap_counter tx packets)
	wait_until "$1" streams_beyond $((rx + 50)) $((tx + 50)) && return
	e2e_note "the streams stand still on $TAP"
	streams_tell
	return 1
}

streams_beyond()
{
	[ "$(tap_counter rx packets)" -gt "$1" ] && [ "$(tap_counter tx packets)" -gt "$2" ]
}

streams_tell()
{
	sed 's/^/# here: /' "$E2E_DIR"/streams/*
	guest_run 120 'cat /tmp/*.there /tmp/*.from' | sed 's/^/# there: /'
}

# A sender ends when the receiver has seen all of it.
streams_end()
{
	local dir=$E2E_DIR/streams rc=0

	# shellcheck disable=SC2086
	kill $stream_sends || rc=1
	# shellcheck disable=SC2016
	guest_run 120 'cd /tmp; kill $(cat senders)' || rc=1
	wait_until 300 streams_over || {
		e2e_note "a stream did not end"
		rc=1
	}
	kill $stream_udp
	# shellcheck disable=SC2016
	guest_run 120 'kill $(cat /tmp/receivers); usleep 200000' || rc=1
	wait $stream_udp || rc=1
	wait $stream_recv || rc=1
	stream_sends='' stream_udp='' stream_recv=''
	streams_same "to the guest" "$(cat "$dir/tcp.from")" \
		"$(guest_run 120 'cat /tmp/tcp.there')" || rc=1
	streams_same "from the guest" "$(guest_run 120 'cat /tmp/tcp.from')" \
		"$(cat "$dir/tcp.here")" || rc=1
	streams_udp "to the guest" "$(guest_run 120 'cat /tmp/udp.there')" || rc=1
	streams_udp "from the guest" "$(cat "$dir/udp.here")" || rc=1
	[ $rc -eq 0 ] || streams_tell
	return $rc
}

streams_over()
{
	local pid

	for pid in $stream_sends $stream_recv; do
		! kill -0 "$pid" 2>/dev/null || return
	done
	guest_run 120 'cat /tmp/tcp.from /tmp/tcp.there' |
		awk '/tcp bytes|error/ { n++ } END { exit n < 2 }'
}

streams_same()
{
	e2e_note "TCP $1: $2"
	case $2 in
	"$3") return 0 ;;
	esac
	e2e_note "but received: $3"
	return 1
}

streams_udp()
{
	e2e_note "UDP $1: $2"
	case $2 in
	*' wrong=0') return 0 ;;
	esac
	return 1
}

# For a guest that will not go on; none need be running.
streams_abandon()
{
	local pid

	for pid in ${stream_sends-} ${stream_udp-} ${stream_recv-}; do
		kill -9 "$pid" && wait "$pid"
	done 2>/dev/null
	stream_sends='' stream_udp='' stream_recv=''
}
