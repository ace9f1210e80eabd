#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Draws results.tsv of a benchmark run as a PNG. See --help.

set -u
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"

usage()
{
	cat <<-USAGE
	Usage: plot.sh [DIR [FILE.png]]

	Draws DIR/results.tsv (default bench/results) with gnuplot: worker time for
	each packet and packets a second, relative to the first device.
	FILE.png is DIR/results.png if not given.
	USAGE
}

case ${1-} in
--help | -h) usage; exit 0 ;;
-*) die "unknown option '$1'; see --help" ;;
esac
dir=${1:-$BENCH_DIR/results}
png=${2:-$dir/results.png}
[ -r "$dir/results.tsv" ] || die "there is no results.tsv in $dir; bench/run.sh makes one"
command -v gnuplot >/dev/null || die "gnuplot is missing; install the package gnuplot-nox"

work=$(mktemp -d) || die "cannot make a temporary folder"
trap 'rm -rf "$work"' EXIT

# One line a row: name, then for each device cost, cost ratio, rate, rate ratio.
awk -F '\t' '
	/^#/ || $1 == "row" { next }
	!($1 in seen) { seen[$1] = 1; order[++n] = $1 }
	{ line[$1] = line[$1] "\t" $8 "\t" 100 * $12 "\t" $5 "\t" 100 * $11 }
	END { for (i = 1; i <= n; i++) print order[i] line[order[i]] }
' "$dir/results.tsv" >"$work/data"
[ -s "$work/data" ] || die "$dir/results.tsv holds no results"
titles=$(awk -F '\t' '!/^#/ && $1 != "row" && !($2 in seen) {
	seen[$2] = 1; printf "%s ", $2 }' "$dir/results.tsv")
where=$(sed -n 's/^# //p' "$dir/results.tsv" | head -n 1)
lane=$(sed -n 's/^lane /, lane /p' "$dir/environment.txt" 2>/dev/null)

gnuplot <<PLOT || die "gnuplot failed; see above"
set terminal pngcairo size 1200,900 noenhanced font "sans,11"
set output "$png"
set datafile separator "\t"
devices = "$titles"
n = words(devices)
set style data histogram
set style histogram clustered gap 1
set style fill solid 0.8 border -1
set boxwidth 0.9
set yrange [0:]
set offsets graph 0, 0, graph 0.1, 0
set grid ytics
set key outside right top
at(row, dev) = row + (dev - (n + 1) / 2.0) / (n + 1)
set multiplot layout 2,1 title "vhost devices, $where$lane"
set ylabel "% of " . word(devices, 1)
# Columns of device d in the data, the first column being the row's name.
ns(d) = 4 * d - 2
ns_percent(d) = 4 * d - 1
rate(d) = 4 * d
rate_percent(d) = 4 * d + 1
set title "worker time for each packet: less is better (figures: ns)"
plot for [d = 1:n] "$work/data" using ns_percent(d):xtic(1) \
		title word(devices, d) linecolor d, \
	for [d = 1:n] "$work/data" \
		using (at(\$0, d)):ns_percent(d):(sprintf("%.0f", column(ns(d)))) \
		with labels offset 0,0.6 font ",8" notitle
set title "rate: more is better (figures: thousands a second)"
plot for [d = 1:n] "$work/data" using rate_percent(d):xtic(1) \
		title word(devices, d) linecolor d, \
	for [d = 1:n] "$work/data" \
		using (at(\$0, d)):rate_percent(d):(sprintf("%.0f", column(rate(d)) / 1000)) \
		with labels offset 0,0.6 font ",8" notitle
unset multiplot
PLOT
echo "$png"
