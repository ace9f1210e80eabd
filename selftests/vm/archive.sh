# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Debian's archive, for the scripts of this folder: which kernels there are, in
# the release of this machine and in the next one, and how to get a package.
# Sourced after common.sh, never run.
#
# What apt of this machine knows is used as it is. The next release has a state
# of apt of its own in the cache; the machine's configuration names only the
# mirror, and stays untouched.

XNET_NEXT=trixie
XNET_KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg

this_release()
{
	# shellcheck source=/dev/null
	(. /etc/os-release && echo "${VERSION_CODENAME-}")
}

# Where Debian's packages come from on this machine.
mirror()
{
	local uri

	# shellcheck disable=SC2016 # apt expands it
	uri=$(apt-get indextargets --format '$(REPO_URI)|$(CODENAME)|$(ORIGIN)' \
		'MetaKey: main/binary-amd64/Packages' 2>/dev/null |
		sed -n "s/|$(this_release)|Debian\$//p" | head -n 1)
	[ -n "$uri" ] ||
		die 125 "apt's configuration names no Debian archive of release $(this_release); run 'apt-get update'"
	printf '%s\n' "$uri"
}

# apt_of RELEASE PROGRAM ARG...: apt-get or apt-cache, as it is or for the
# next release.
apt_of()
{
	local dir=$XNET_CACHE/apt/$1 program=$2

	if [ "$1" = "$(this_release)" ]; then
		shift 2
		"$program" -o APT::Sandbox::User=root "$@"
		return
	fi
	shift 2
	"$program" -o "Dir::Etc::sourcelist=$dir/sources.sources" -o Dir::Etc::sourceparts=/dev/null \
		-o Dir::Etc::preferencesparts=/dev/null -o Dir::Etc::preferences=/dev/null \
		-o "Dir::State=$dir/state" -o Dir::State::status=/dev/null \
		-o "Dir::Cache=$dir/cache" -o APT::Sandbox::User=root "$@"
}

# Reads the lists of the next release, at most once a day. Callers hold the
# lock of the cache.
know_next()
{
	local dir=$XNET_CACHE/apt/$XNET_NEXT uri

	[ -z "$(find "$dir/read" -mtime -1 2>/dev/null)" ] || return 0
	uri=$(mirror) || exit
	mkdir -p "$dir/state/lists/partial" "$dir/cache/archives/partial" ||
		die 125 "cannot write to $dir"
	{
		printf 'Types: deb\nURIs: %s\n' "$uri"
		printf 'Suites: %s %s-backports\nComponents: main\n' $XNET_NEXT $XNET_NEXT
		[ ! -f $XNET_KEYRING ] || printf 'Signed-By: %s\n' $XNET_KEYRING
	} >"$dir/sources.sources"
	say "reading the package lists of $XNET_NEXT and its backports"
	if apt_of $XNET_NEXT apt-get -q update >"$dir/log" 2>&1; then
		touch "$dir/read"
	elif [ -e "$dir/read" ]; then
		say "the lists cannot be read anew; going on with the old ones"
	else
		sed 's/^/  /' "$dir/log" >&2
		die 125 "the package lists of $XNET_NEXT cannot be read"
	fi
}

# The packages of RELEASE that a kernel could be made of.
kernel_packages()
{
	apt_of "$1" apt-cache pkgnames linux- 2>/dev/null |
		grep -E '^linux-(image|binary|binary-unsigned|modules|base|headers)-[0-9]'
}

# image_packages KERNEL: of the packages on stdin, those with the kernel itself
# and its modules: one package, or three in newer kernels. Nothing, if it is
# not complete.
image_packages()
{
	awk -v k="$1" '
		{ have[$0] = 1 }
		END {
			if ("linux-modules-" k in have) {
				modules = "linux-modules-" k " linux-base-" k
				if ("linux-binary-" k in have)
					print "linux-binary-" k, modules
				else if ("linux-binary-unsigned-" k in have)
					print "linux-binary-unsigned-" k, modules
			} else if ("linux-image-" k in have) {
				print "linux-image-" k
			}
		}'
}

# The regular expression of the versions that WANT stands for: a version, or
# the start of one, with -rt for the kernel with PREEMPT_RT; 7.x is any 7.
version_pattern()
{
	local start=$1 flavour=

	case $start in
	*-amd64) printf '^%s$' "$(printf '%s' "$start" | sed 's/[.+]/\\&/g')"; return ;;
	*-rt) flavour=-rt start=${start%-rt} ;;
	esac
	start=${start%.x}
	printf '^%s[-.+]([0-9a-z.+~]+-)*amd64$' "$(printf '%s' "$start" | sed 's/[.+]/\\&/g')" |
		sed "s/amd64\\\$\$/${flavour#-}${flavour:+-}amd64\$/"
}

# find_kernel_version WANT: sets release and version to the newest kernel that
# has an image, and headers if any will do.
find_kernel_version()
{
	local want=$1 pattern packages version_list kernel

	pattern=$(version_pattern "$want")
	for release in "$(this_release)" $XNET_NEXT; do
		[ "$release" != $XNET_NEXT ] || know_next
		packages=$(kernel_packages "$release")
		version_list=$(sed -n 's/^linux-headers-//p' <<<"$packages" |
			grep -E -- "$pattern" | grep -v -e -cloud- | sort -rV)
		case $want in
		*-amd64) version_list=$want ;;
		*-rt) ;;
		*) version_list=$(grep -v -e -rt- <<<"$version_list") ;;
		esac
		for kernel in $version_list; do
			[ -n "$(image_packages "$kernel" <<<"$packages")" ] || continue
			version=$kernel
			return
		done
	done
	die 125 "neither $(this_release) nor $XNET_NEXT has a kernel '$want' with headers; run 'apt-get update', or name a series such as 6.1, 6.1-rt or 7.x, or a full version"
}

# get_packages RELEASE FOLDER PACKAGE...: downloads them into FOLDER.
get_packages()
{
	local release=$1 dir=$2

	shift 2
	say "downloading $*"
	(cd "$dir" && apt_of "$release" apt-get -q download "$@") >"$dir/apt.log" 2>&1 && return
	sed 's/^/  /' "$dir/apt.log" >&2
	die 125 "apt-get could not download $*; run 'apt-get update', or name another version"
}
