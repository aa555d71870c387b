#!/bin/sh
# Makes a minimal Debian of this machine's release in a directory, from this machine's package sources: where
# tests/service.sh installs the package. Needs root and mmdebstrap. Does nothing when it is there.
#   contrib/debian-root.sh DIR
set -eu
root=${1:?name a directory}
[ -e "$root/.complete" ] && exit 0
. /etc/os-release
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat /etc/apt/sources.list.d/*.sources > "$work/all.sources" 2>/dev/null || true
if [ -s "$work/all.sources" ]; then sources=$work/all.sources; else sources=/etc/apt/sources.list; fi
rm -rf "$root"
# Clocks of machines that are built and thrown away are not always right.
mmdebstrap --quiet --mode=root --variant=essential --format=directory \
  --aptopt='Acquire::Check-Valid-Until "false"' --aptopt='Acquire::Check-Date "false"' \
  --aptopt='Apt::Install-Recommends "false"' --dpkgopt='path-exclude=/usr/share/locale/*' \
  --include=systemd,systemd-sysv,dbus,libnss-systemd,ca-certificates \
  "$VERSION_CODENAME" "$root" "$sources"
touch "$root/.complete"
