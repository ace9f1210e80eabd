# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Root is given up, all of it.

expect_powerless()
{
	local set

	for set in CapInh CapPrm CapEff CapBnd CapAmb; do
		expect_match "$set:.0+"
	done
	expect_match "NoNewPrivs:.1"
}

expect_user()
{
	expect_match "Uid:.$1.$1.$1.$1"
	expect_match "Gid:.$2.$2.$2.$2"
}

test_user()
{
	launch
	expect_ok
	expect_powerless
	expect_user "$USER_UID" "$USER_GID"
	expect_match "Groups:.$USER_GROUPS ?"
	expect_line "env HOME=/home/$USER_NAME"
	expect_line "env USER=$USER_NAME"
	expect_line "env LOGNAME=$USER_NAME"
}

# The capability kept to undo a reused tap must not reach QEMU.
test_user_on_reused_tap()
{
	ip tuntap add tap3 mode tap vnet_hdr
	launch --ifname tap3
	expect_ok
	expect_powerless
	expect_user "$USER_UID" "$USER_GID"
}

test_root_has_to_be_named()
{
	expect_untouched xq --device "$DEV" -- "$QEMU"
	expect_error "root does not run QEMU unasked: name the user it is to run as with --user"
	xq --device "$DEV" --user root -- "$QEMU"
	expect_ok
	expect_powerless
	expect_user 0 0
}

test_sudo_caller()
{
	SUDO_UID=$USER_UID xq --device "$DEV" -- "$QEMU"
	expect_ok
	expect_powerless
	expect_user "$USER_UID" "$USER_GID"
}

test_sudo_caller_that_does_not_count()
{
	local uid

	for uid in "" 0 x 64009 64001x 99999999999; do
		SUDO_UID=$uid expect_untouched xq --device "$DEV" -- "$QEMU"
		expect_error "root does not run QEMU unasked: name the user it is to run as with --user"
	done
}

test_unknown_user()
{
	expect_untouched xq --device "$DEV" --user nosuch -- "$QEMU"
	expect_error "there is no user 'nosuch': name an existing one with --user"
}

test_other_user_without_root()
{
	expect_untouched launch_as_user --user nobody
	expect_error "only root can run QEMU as user nobody: run xnet-qemu as root"
}

test_nameless_caller()
{
	catch setpriv --reuid 64009 --regid 64009 --clear-groups "$XQ" \
		--device "$DEV" -- "$QEMU"
	expect_error "your user id 64009 has no name in the user database: add it there"
}

test_refuses_set_user_id()
{
	install -m 4755 "$XQ" suid
	catch setpriv --reuid "$USER_UID" --regid "$USER_GID" --clear-groups \
		./suid --device "$DEV" -- "$QEMU"
	expect_error "refusing to run set-user-ID or with file capabilities: run it as root, for example with sudo"
}

test_capabilities_of_a_service_are_given_up()
{
	open_for_all
	catch setpriv --reuid "$USER_UID" --regid "$USER_GID" --init-groups \
		--inh-caps +net_admin --ambient-caps +net_admin \
		"$XQ" --device "$DEV" -- "$QEMU"
	expect_ok
	expect_user "$USER_UID" "$USER_GID"
	expect_match "fd [0-9]+: /dev/net/tun tap=tap0 .*"
	expect_match "CapPrm:.0+"
	expect_match "CapEff:.0+"
	expect_match "CapInh:.0+"
	expect_match "CapAmb:.0+"
}

test_signal_mask_is_restored()
{
	launch
	expect_ok
	expect_match "SigBlk:.0+"
}

# Each step of giving up root fails once in the child that tries it, when
# nothing is touched yet, and once for real, when there is a tap to put back.
expect_step_fails()
{
	local spec=$1 sentence=$2

	FAULT_CHILD=1 expect_untouched launch_with_fault "$spec" --ifname tap3 \
		--bridge br0 --mtu 3000
	expect_error "$sentence"
	expect_untouched launch_with_fault "$spec" --ifname tap3 --bridge br0 \
		--mtu 3000
	expect_error "$sentence"
}

test_failing_steps()
{
	ip link add br0 up type bridge
	ip tuntap add tap3 mode tap
	expect_step_fails capbset:3:1 \
		"cannot give up capability 2: Operation not permitted"
	expect_step_fails initgroups:1:12 \
		"cannot take on the groups of user $USER_NAME: Cannot allocate memory"
	expect_step_fails setresgid:1:1 \
		"cannot take on group $USER_GID of user $USER_NAME: Operation not permitted"
	expect_step_fails setresuid:1:11 \
		"cannot become user $USER_NAME: Resource temporarily unavailable"
	expect_step_fails ambient:1:22 \
		"cannot give up capabilities: Invalid argument"
	expect_step_fails nnp:1:22 \
		"cannot give up capabilities: Invalid argument"
}

# Steps that claim success and do nothing are not believed.
test_lying_steps()
{
	local sentence="root could be regained after becoming user $USER_NAME, so QEMU is not started"

	ip link add br0 up type bridge
	ip tuntap add tap3 mode tap
	expect_step_fails setresuid:1:skip "$sentence"
	expect_step_fails setresgid:1:skip "$sentence"
	# Root regained: the check's own attempt succeeds.
	expect_step_fails setresuid:2:skip "$sentence"
	expect_step_fails setresuid:3:skip "$sentence"
	expect_step_fails setresgid:2:skip "$sentence"
	expect_step_fails setresgid:3:skip "$sentence"
}
