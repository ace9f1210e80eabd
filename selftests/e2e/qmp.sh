# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# QEMU's monitor, for the guest in use (guest_use).
#
# qmp COMMAND [ARGUMENTS]    ARGUMENTS are JSON; sets REPLY to the answer's line
# qmp_field NAME             a number or word out of REPLY
# qmp_event NAME LIMIT       waits for an event; each is found once
# qmp_tell_cpu               what the first CPU is at, for a guest that is stuck

QMP_LIMIT=180	# seconds that QEMU has to answer

qmp_read()
{
	# Time may be up in the middle of a line.
	if ! IFS= read -r -t "$1" line <&"${QMP_OUT[GUEST]}"; then
		QMP_PART[GUEST]=${QMP_PART[GUEST]-}${line-}
		return 1
	fi
	line=${QMP_PART[GUEST]-}$line
	QMP_PART[GUEST]=
	case $line in
	*'"event":'*) printf '%s\n' "$line" >>"$GUEST_DIR/events" ;;
	esac
}

qmp_send()
{
	local id=q$RANDOM$RANDOM end=$((SECONDS + QMP_LIMIT)) line

	printf '{"execute":"%s","arguments":%s,"id":"%s"}\n' \
		"$1" "${2:-"{}"}" $id >&"${QMP_IN[GUEST]}"
	while [ $SECONDS -lt $end ]; do
		if ! qmp_read 1; then
			! qemu_gone && continue
			e2e_note "QEMU ended before it answered $1"
			sed 's/^/# qemu: /' "$GUEST_DIR/qemu.log"
			return 1
		fi
		case $line in
		*"\"id\": \"$id\""*)
			REPLY=$line
			return
			;;
		esac
	done
	e2e_stuck "QEMU did not answer $1 within $QMP_LIMIT s"
}

qmp()
{
	if [ ! -e "$GUEST_DIR/events" ]; then
		: >"$GUEST_DIR/events"
		qmp_send qmp_capabilities || return
	fi
	qmp_send "$@" || return
	case $REPLY in
	*'"error":'*)
		e2e_note "QEMU refuses $1: $REPLY"
		return 1
		;;
	esac
}

qmp_field()
{
	sed -n "s/.*\"$1\": \"\{0,1\}\([^\",}]*\).*/\1/p" <<<"$REPLY"
}

qmp_event()
{
	local end=$((SECONDS + $2)) line

	while ! grep -q "\"event\": \"$1\"" "$GUEST_DIR/events"; do
		[ $SECONDS -lt $end ] || return 1
		qmp_read 1
	done
	sed -i "/\"event\": \"$1\"/d" "$GUEST_DIR/events"
}

qmp_tell_cpu()
{
	local what

	for what in "info registers" "info lapic"; do
		qmp human-monitor-command "{\"command-line\":\"$what\"}" || return
		printf '%b\n' "$(sed 's/.*"return": "\(.*\)", "id".*/\1/' <<<"$REPLY")" |
			tr -d '\r' | grep -E '^RAX|^RIP|^Timer|^LVTT|^(I|T|P)[RSP]R' | sed 's/^/# cpu: /'
	done
}
