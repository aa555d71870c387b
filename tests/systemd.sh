#!/bin/bash
# The service under systemd, all that can be tried on this machine: with the release binary by hand, and as a
# package in a clean Debian. What cannot be tried is said, and is no failure.
#   tests/systemd.sh [BINARY]
set -uo pipefail
cd "$(dirname "$0")/.."
binary=${1:-target/release/feedmill}
failed=0
run() {
  echo "-- $*"
  "$@"; local code=$?
  case $code in 0 | 77) ;; *) failed=1 ;; esac
}
install_tools() {
  [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || return 0
  local missing=''
  command -v systemd-nspawn >/dev/null || missing="$missing systemd-container dbus"
  command -v mmdebstrap >/dev/null || missing="$missing mmdebstrap"
  command -v curl >/dev/null || missing="$missing curl"
  [ -z "$missing" ] || { apt-get update -q && apt-get install -qy --no-install-recommends $missing; } >/dev/null 2>&1 ||
    echo "# not installed:$missing"
}
install_tools

# A judge of units from beside this folder, where there is one.
judge=../shared/systemd/systemd-test.sh
if [ ! -f $judge ]; then echo "# $judge is not here: the unit's sandbox was not probed"
elif [ "$(id -u)" != 0 ]; then echo "# not root: the unit's sandbox was not probed"
else
  config=$(mktemp); sh contrib/packaged-config.sh > "$config"
  run bash $judge --binary "$binary:/usr/bin/feedmill" --unit systemd/feedmill.service --unit systemd/feedmill.socket \
    --install "$config:/etc/feedmill/config.toml" --url http://127.0.0.1:8080/healthz \
    --override WatchdogSec=2s --override RestartSec=200ms --max-exposure 1.1 \
    --expect conn_loopback=ok --expect conn_private=ok
  run bash $judge --binary "$binary:/usr/bin/feedmill" --unit systemd/feedmill.service --unit systemd/feedmill.socket \
    --install "$config:/etc/feedmill/config.toml" --only start,probe,http,socket,exposure --max-exposure 1.1 \
    --install systemd/public-only.conf:/etc/systemd/system/feedmill.service.d/public-only.conf \
    --expect conn_loopback=fail --expect conn_private=fail
  rm -f "$config"
fi

# What can be judged without booting.
if command -v systemd-analyze >/dev/null; then
  exposure=$(systemd-analyze security --offline=true --no-pager systemd/feedmill.service 2>/dev/null | grep -oE '[0-9.]+ [A-Z]+' | tail -1)
  echo "# exposure of systemd/feedmill.service, offline: $exposure"
  awk -v score="${exposure%% *}" 'BEGIN { exit !(score != "" && score <= 1.1) }' || { echo "not ok - exposure over 1.1"; failed=1; }
else echo "# systemd-analyze is not here: the unit's exposure was not judged"; fi

run bash tests/service.sh --binary "$binary"

export PATH="$PWD/target/tools/bin:$PATH"
command -v cargo-deb >/dev/null || cargo install --quiet --locked cargo-deb --root target/tools || true
if ! command -v cargo-deb >/dev/null; then echo "# cargo-deb is not to be had: the package was not built"
elif ! sh contrib/package.sh --output target/package/feedmill.deb >/dev/null; then echo "not ok - contrib/package.sh"; failed=1
elif [ "$(id -u)" != 0 ] || ! command -v mmdebstrap >/dev/null || ! sh contrib/debian-root.sh "$PWD/target/debian-root"; then
  echo "# no clean Debian can be made here: the package was built, not installed"
else run bash tests/service.sh --deb target/package/feedmill.deb --root target/debian-root; fi
exit $failed
