# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034
#
# What the launcher's tests are written with. A test ends by returning
# (passed), by fail or by skip.

QEMU=$TESTDIR/fakeqemu
XQ=$TESTDIR/xnet-qemu
WORK=$TESTDIR/work
# A node of its own for the device: its descriptors can be told from others',
# and only root may open it, for QEMU's user is not to need that.
DEV=$WORK/vhost
# The user who runs QEMU in these tests exists in their mount namespace only.
USER_NAME=xqtest
USER_UID=64001
USER_GID=64001
USER_GROUPS="64001 64002 64003"

fail()
{
	echo "FAILED: $1"
	echo "status ${ST-}, stdout:"
	cat "$WORK/out" 2>/dev/null
	echo "stderr:"
	cat "$WORK/err" 2>/dev/null
	exit 1
}

skip()
{
	echo "$1"
	exit 4
}

set_up()
{
	local f

	cd "$WORK" || exit 1
	[ -z "${XNET_ETC-}" ] || mount --bind "$XNET_ETC" /etc || exit 1
	unset SUDO_UID FAKEQEMU_RUN FAKEQEMU_DETACH FAULT FAULT_CHILD FAULT_RUN
	for f in passwd group; do
		cp "/etc/$f" "$f" || exit 1
	done
	echo "$USER_NAME:x:$USER_UID:$USER_GID::/home/$USER_NAME:/bin/sh" >>passwd
	printf '%s\n' "$USER_NAME:x:$USER_GID:" "xqtwo:x:64002:$USER_NAME" \
		"xqthree:x:64003:$USER_NAME" >>group
	# shellcheck disable=SC2046
	mknod -m 600 "$DEV" c $(stat -c '0x%t 0x%T' "${XNET_DEVICE:-/dev/null}") ||
		exit 1
	for f in passwd group; do
		chmod 644 "$f"
		mount --bind "$f" "/etc/$f" || exit 1
	done
}

# Let everybody open /dev/net/tun, as distributions do, and the device.
open_for_all()
{
	chmod 666 "$DEV" || exit 1
	mount -t tmpfs tmpfs /dev/net &&
		mknod /dev/net/tun c 10 200 &&
		chmod 666 /dev/net/tun || exit 1
}

# Run a command: its status in ST, what it printed in out and err.
catch()
{
	ST=0
	"$@" >"$WORK/out" 2>"$WORK/err" || ST=$?
}

# Run the launcher with nothing added.
xq()
{
	catch "$XQ" "$@"
}

# The usual launch: as the test's user, on the stand-in device.
launch()
{
	xq --device "$DEV" --user "$USER_NAME" "$@" -- "$QEMU" -m 64
}

# The same started by somebody who is not root.
launch_as_user()
{
	catch setpriv --reuid "$USER_UID" --regid "$USER_GID" --init-groups \
		"$XQ" --device "$DEV" "$@" -- "$QEMU" -m 64
}

# The same with a call of the launcher failing, see fault.c.
launch_with_fault()
{
	local spec=$1

	shift
	catch env "FAULT=$spec" "LD_PRELOAD=$TESTDIR/fault.so" \
		"$XQ" --device "$DEV" --user "$USER_NAME" "$@" -- "$QEMU"
}

expect_ok()
{
	[ "$ST" = 0 ] || fail "the launch failed"
	[ ! -s "$WORK/err" ] || fail "something on stderr"
}

# Failed with exactly this sentence, and said nothing else.
expect_error()
{
	[ "$ST" = 1 ] || fail "status $ST where 1 was expected"
	[ "$(cat "$WORK/err")" = "xnet-qemu: $1" ] ||
		fail "expected: xnet-qemu: $1"
	[ ! -s "$WORK/out" ] || fail "something on stdout"
}

# A line of the fake QEMU's output.
expect_line()
{
	grep -qxF -e "$1" "$WORK/out" || fail "no line '$1'"
}

expect_match()
{
	grep -qxE -e "$1" "$WORK/out" || fail "no line that matches '$1'"
}

expect_no_match()
{
	! grep -qxE -e "$1" "$WORK/out" || fail "a line that matches '$1'"
}

# What matters about all interfaces, to compare before and after.
net_state()
{
	ip -d -o link show | sed -E \
		-e 's/qdisc [^ ]+//; s/state [^ ]+//; s/link\/.*(tun type)/\1/' \
		-e 's/<([^>]*,)?UP(,[^>]*)?>/UP/; s/<[^>]*>/DOWN/' \
		-e 's/(addrgenmode|bridge forward_delay|promiscuity|link\/).*//'
}

# Run a failing launch and see that no interface differs afterwards.
expect_untouched()
{
	local before after

	before=$(net_state)
	"$@"
	[ "$ST" != 0 ] || fail "the launch did not fail"
	after=$(net_state)
	[ "$before" = "$after" ] ||
		fail "left behind: $(diff <(echo "$before") <(echo "$after"))"
}

# Numbers of the tap's and of the device's descriptors in QEMU's output,
# joined with colons.
tap_fds()
{
	sed -n 's|^fd \([0-9]*\): /dev/net/tun.*|\1|p' "$WORK/out" | paste -sd:
}

dev_fds()
{
	sed -n "s|^fd \([0-9]*\): $DEV\$|\1|p" "$WORK/out" | paste -sd:
}
