#!/bin/bash
# The service as an administrator meets it, under a systemd of its own: installed, started, polled, reloaded,
# upgraded, removed. Boots systemd-nspawn over a read-only overlay; nothing is written outside a temporary
# tmpfs, no network is used but a private loopback.
#
#   tests/service.sh --binary FILE            the units and the packaged configuration, installed by hand
#   tests/service.sh --deb FILE               the package: also its upgrade, removal and purge
#   … --root DIR                              a clean Debian (contrib/debian-root.sh makes one) [this machine's /]
#
# Needs root, systemd-nspawn, overlayfs, curl and python3. Ends 77 and says why where they are missing.
# Prints TAP; the last line counts.
set -uo pipefail
cd "$(dirname "$0")/.."
BINARY='' DEB='' LOWER=/
while [ $# -gt 1 ]; do
  case $1 in
    --binary) BINARY=$(readlink -f "$2") ;;
    --deb) DEB=$(readlink -f "$2") ;;
    --root) LOWER=$(readlink -f "$2") ;;
    *) sed -n 2,12p "$0" >&2; exit 64 ;;
  esac
  shift 2
done
[ -n "$BINARY$DEB" ] || { sed -n 2,12p "$0" >&2; exit 64; }
skip() { echo "# skipped: $1; the service was not run under systemd"; exit 77; }
[ "$(id -u)" = 0 ] || skip "only root can boot systemd"
for tool in systemd-nspawn nsenter unshare curl python3; do
  command -v $tool >/dev/null || skip "$tool is not installed"
done
# Mounts, and what dies with this script, are in a mount namespace of its own.
if [ -z "${SERVICE_TEST_INSIDE:-}" ]; then
  export SERVICE_TEST_INSIDE=1
  exec unshare --mount --propagation private bash tests/service.sh \
    ${BINARY:+--binary "$BINARY"} ${DEB:+--deb "$DEB"} --root "$LOWER"
fi

TOP=$(mktemp -d) ROOT='' LEADER='' SPAWN='' ORIGIN=''
finish() {
  [ -n "$ORIGIN" ] && kill "$ORIGIN" 2>/dev/null
  [ -n "$LEADER" ] && kill -s RTMIN+4 "$LEADER" 2>/dev/null
  for _ in $(seq 100); do [ -n "$SPAWN" ] && [ -d "/proc/$SPAWN" ] || break; sleep .1; done
  [ -n "$SPAWN" ] && kill -KILL "$SPAWN" 2>/dev/null
  umount -R "$TOP" 2>/dev/null || umount -l "$TOP"
  rmdir "$TOP"
}
trap finish EXIT
mount -t tmpfs -o size=3G,mode=755 service-test "$TOP" || skip "no tmpfs can be mounted"
ROOT=$TOP/root; mkdir "$TOP/upper" "$TOP/work" "$ROOT"
mount -t overlay overlay -o "lowerdir=$LOWER,upperdir=$TOP/upper,workdir=$TOP/work" "$ROOT" || skip "no overlay can be mounted"

# A system that starts nothing of this machine's.
rm -rf "$ROOT"/etc/systemd/system/*.wants "$ROOT/usr/sbin/policy-rc.d" "$ROOT/etc/machine-id" "$ROOT"/etc/feedmill
: > "$ROOT/etc/machine-id"; : > "$ROOT/etc/fstab"
mkdir -p "$ROOT/etc/systemd/system" "$ROOT/etc/systemd/journald.conf.d"
printf '[Journal]\nStorage=volatile\nRateLimitIntervalSec=0\n' > "$ROOT/etc/systemd/journald.conf.d/test.conf"
for unit in systemd-logind systemd-networkd systemd-timesyncd systemd-udevd systemd-udev-trigger systemd-firstboot \
  systemd-update-utmp systemd-hwdb-update ldconfig console-getty apt-daily.timer apt-daily-upgrade.timer; do
  case $unit in *.timer) ;; *) unit=$unit.service ;; esac
  ln -sf /dev/null "$ROOT/etc/systemd/system/$unit"
done
if [ -n "$BINARY" ]; then
  install -D -m 755 "$BINARY" "$ROOT/usr/bin/feedmill"
  install -m 644 -t "$ROOT/etc/systemd/system" systemd/feedmill.service systemd/feedmill.socket
  mkdir -p "$ROOT/etc/feedmill"; sh contrib/packaged-config.sh > "$ROOT/etc/feedmill/config.toml"
fi

systemd-nspawn --quiet --directory="$ROOT" --boot --private-network --register=no --keep-unit --link-journal=no \
  --console=pipe --machine="feedmill-$$" </dev/null >"$TOP/console" 2>&1 &
SPAWN=$!
in_() {
  nsenter -t "$LEADER" -m -u -i -n -p -r -w env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    LANG=C.UTF-8 SYSTEMD_PAGER= SYSTEMD_COLORS=0 TERM=dumb DEBIAN_FRONTEND=noninteractive "$@"
}
near() { nsenter -t "$LEADER" -n "$@"; }
sc() { in_ systemctl "$@"; }
prop() { sc show -P "$1" feedmill.service; }
get() { near curl -sS --max-time 10 "http://127.0.0.1:8080$1"; }
code() { near curl -s -o /dev/null -w '%{http_code}' --max-time 10 "http://127.0.0.1:8080$1"; }
journal() { in_ journalctl -b -q -o cat --no-pager -u feedmill.service "$@"; }
is_up() { LEADER=$(cat "/proc/$SPAWN/task/$SPAWN/children" 2>/dev/null | tr -d ' '); [ -n "$LEADER" ] &&
  case $(sc is-system-running 2>/dev/null) in running | degraded) ;; *) false ;; esac; }
# Waits up to N seconds until a command succeeds.
until_() { local end=$((SECONDS + $1)); shift; until "$@" >/dev/null 2>&1; do [ $SECONDS -lt $end ] || return 1; sleep .1; done; }
PASSED=0 FAILED=0
ok() {
  local what=$1; shift
  if "$@" >"$TOP/said" 2>&1; then PASSED=$((PASSED + 1)); echo "ok $((PASSED + FAILED)) - $what"
  else FAILED=$((FAILED + 1)); echo "not ok $((PASSED + FAILED)) - $what"; tail -12 "$TOP/said" | sed 's/^/#   /'; fi
}
eq() { [ "$1" = "$2" ] || { echo "got:  $1"; echo "want: $2"; return 1; }; }
has() { case $1 in *"$2"*) ;; *) echo "no \"$2\" in: $1" | head -c 2000; return 1 ;; esac; }
has_not() { ! has "$1" "$2" >/dev/null || { echo "\"$2\" in: $1" | head -c 2000; return 1; }; }
shows() { has "$(get "$1")" "$2"; }

until_ 30 is_up || { cat "$TOP/console"; skip "systemd does not boot here"; }
echo "# $(in_ systemctl --version | head -1) over $LOWER"

# A publisher on the private loopback: a page that names its feed, and a feed that wants a password.
cat > "$TOP/origin.py" <<'P'
import base64, http.server, sys
def feed(name, count):
    items = "".join(f"<item><guid>{name}-{n}</guid><title>{name} story {n}</title><link>http://127.0.0.1:8099/{name}/{n}</link>"
        f"<pubDate>Fri, 22 Nov 2024 {n % 24:02}:11:00 +0700</pubDate><description>Text of {name} {n}.</description></item>" for n in range(count))
    return f'<?xml version="1.0"?><rss version="2.0"><channel><title>{name}</title><link>http://127.0.0.1:8099/</link><description>d</description>{items}</channel></rss>'
PAGES = {"/": ("text/html", '<html><head><link rel="alternate" type="application/rss+xml" href="/open.xml"></head></html>'),
         "/open.xml": ("application/rss+xml", feed("open", 30)), "/locked.xml": ("application/rss+xml", feed("locked", 1))}
WORD = "Basic " + base64.b64encode(b"reader:pass-in-a-credential").decode()
class Publisher(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        kind, body = PAGES.get(self.path, ("text/plain", None))
        if self.path == "/locked.xml" and self.headers.get("Authorization") != WORD: return self.send_error(401)
        if body is None: return self.send_error(404)
        self.send_response(200); self.send_header("Content-Type", kind); self.end_headers(); self.wfile.write(body.encode())
    def log_message(self, *_): pass
http.server.ThreadingHTTPServer(("127.0.0.1", 8099), Publisher).serve_forever()
P
near python3 "$TOP/origin.py" & ORIGIN=$!
until_ 10 near curl -sf -o /dev/null http://127.0.0.1:8099/

echo "# installing"
if [ -n "$DEB" ]; then
  cp "$DEB" "$ROOT/var/tmp/one.deb"
  ok "dpkg --install ends well" in_ dpkg --install /var/tmp/one.deb
  ok "the configuration is a conffile" has "$(in_ dpkg-query -W -f '${Conffiles}' feedmill)" /etc/feedmill/config.toml
  for file in /usr/share/man/man1/feedmill.1.gz /usr/share/bash-completion/completions/feedmill \
    /usr/share/zsh/vendor-completions/_feedmill /usr/share/fish/vendor_completions.d/feedmill.fish; do
    ok "installs $file" has "$(in_ dpkg -L feedmill)" $file
  done
  ok "the package leaves the service enabled" eq "$(sc is-enabled feedmill.service feedmill.socket | xargs)" "enabled enabled"
else
  ok "systemctl enable --now" sc enable --now feedmill.socket feedmill.service
fi
ok "the service is running, its listener is systemd's" eq "$(sc is-active feedmill.service feedmill.socket | xargs)" "active active"
ok "systemd says nothing against the units" eq "$(in_ systemd-analyze verify --man=no --recursive-errors=no feedmill.service feedmill.socket 2>&1)" ""
ok "every library of the binary is there" has_not "$(in_ ldd /usr/bin/feedmill)" "not found"

echo "# as packaged it polls nothing and serves empty pages"
ok "GET / is a page" eq "$(code /)" 200
ok "GET /all.atom is a feed without entries" has_not "$(get /all.atom)" "<entry"
ok "GET /readyz" eq "$(code /readyz)" 200
ok "feedmill check finds nothing wrong" in_ feedmill check
ok "the status line is worth reading" has "$(prop StatusText)" "0 sources"

echo "# sources"
in_ sed -i 's|^# allow_networks = .*|allow_networks = ["127.0.0.0/8"]|; s|^# allow_ports = .*|allow_ports = "any"|; s|^# reserve = .*|reserve = "64 MiB"|' /etc/feedmill/config.toml
ok "systemctl restart (reserve needs none of it)" sc restart feedmill.service
before=$(in_ cat /etc/feedmill/config.toml)
ok "feedmill discover --add appends the feed of a page" in_ feedmill discover http://127.0.0.1:8099/ --add
ok "… and keeps every comment" has "$(in_ cat /etc/feedmill/config.toml)" "$before"
ok "the changed file is noticed, the source polled, its stories shown" until_ 30 shows /all.atom "open story 29"
ok "feedmill status asks the daemon over its socket" has "$(in_ feedmill status)" "ok"
ok "the control socket is the service's and root's" eq "$(in_ stat -Lc %a /run/feedmill/control.sock)" 660
ok "others are turned away (69)" eq "$(in_ setpriv --reuid 65534 --regid 65534 --clear-groups feedmill --config /etc/feedmill/config.toml status >/dev/null 2>&1; echo $?)" 69
ok "feedmill poll" has "$(in_ feedmill poll)" "1 polled"

echo "# secrets come as credentials"
in_ sh -c 'echo "reader:pass-in-a-credential" > /etc/feedmill/locked.secret; chmod 600 /etc/feedmill/locked.secret
  mkdir -p /etc/systemd/system/feedmill.service.d /etc/feedmill/config.d
  printf "[Service]\nLoadCredential=locked.secret:/etc/feedmill/locked.secret\nWatchdogSec=2s\nRestartSec=200ms\n" > /etc/systemd/system/feedmill.service.d/here.conf'
in_ sh -c 'printf "[[source]]\nid = \"locked\"\nurl = \"http://127.0.0.1:8099/locked.xml\"\nsecret_file = \"locked.secret\"\n" > /etc/feedmill/config.d/locked.toml'
sc daemon-reload
ok "systemctl restart" sc restart feedmill.service
ok "a feed behind a password is read" until_ 30 shows /all.atom "locked story 0"
ok "the password is in no log" has_not "$(journal)" pass-in-a-credential

echo "# reload"
pid=$(prop MainPID)
in_ sed -i 's|^title = "Tin mới.*|title = "Renamed here"|' /etc/feedmill/config.toml
ok "systemctl reload" sc reload feedmill.service
ok "the new title is shown" until_ 10 shows /all.atom "Renamed here"
in_ sh -c 'echo "nonsense = 1" > /etc/feedmill/config.d/zz.toml'
sc reload feedmill.service
ok "a broken file: the status line says that the old one stays" until_ 10 eval 'has "$(prop StatusText)" "the old one stays"'
ok "… and so does the journal, as an error, with file and key" has "$(journal -p err)" "nonsense"
ok "… and the old one is served" shows /all.atom "Renamed here"
ok "… by the same process" eq "$(prop MainPID)" "$pid"
sc stop feedmill.service feedmill.socket; sc start feedmill.service 2>/dev/null
ok "at a start it ends with 78 and is not tried again" until_ 10 eval 'has "$(journal; in_ journalctl -b -q -o cat --no-pager _PID=1)" "status=78/CONFIG"'
in_ rm /etc/feedmill/config.d/zz.toml
sc reset-failed feedmill.service 2>/dev/null
ok "put right it starts" sc start feedmill.service

echo "# restarts"
# Asks without pause while a command runs, by three at once and each time over a new connection. Sets how often and how
# often in vain.
under_load() {
  touch "$TOP/loading"
  local load=() asked lost one
  for one in 1 2 3; do
    near bash -c 'asked=0 lost=0
      while [ -e "$0" ]; do curl -sf -o /dev/null --max-time 20 http://127.0.0.1:8080/all.atom || lost=$((lost + 1)); asked=$((asked + 1)); done
      echo $asked $lost' "$TOP/loading" > "$TOP/load.$one" & load+=($!)
  done
  sleep .5; "$@"; local code=$?; sleep .5
  rm "$TOP/loading"; wait "${load[@]}"; ASKED=0 LOST=0
  for one in 1 2 3; do read -r asked lost < "$TOP/load.$one"; ASKED=$((ASKED + asked)) LOST=$((LOST + lost)); done
  return $code
}
feeds() { for path in /all.atom /all.rss /all.json /source/locked.atom /feeds.opml /; do get $path; done | sha256sum; }
same=$(feeds)
ASKED=0 LOST=0
ok "systemctl restart under load" under_load sc restart feedmill.service
ok "… refused none of $ASKED requests" eq "$LOST" 0
ok "… and there were many" test "$ASKED" -gt 10
ok "… and every feed has the same bytes" eq "$(feeds)" "$same"
restarts=$(prop NRestarts); sc kill --signal STOP feedmill.service
is_back() { [ "$(prop NRestarts)" -gt "$restarts" ] && [ "$(prop SubState)" = running ]; }
ok "a stopped process is ended by the watchdog and comes back" until_ 30 is_back
ok "… with the same bytes" eq "$(feeds)" "$same"

if [ -n "$DEB" ]; then
  echo "# upgrade"
  next="$TOP/next"; dpkg-deb -R "$DEB" "$next"
  sed -i 's/^Version: .*/&+next/' "$next/DEBIAN/control"
  echo "# A comment of the next version." >> "$next/etc/feedmill/config.toml"
  dpkg-deb --build --root-owner-group "$next" "$ROOT/var/tmp/next.deb" >/dev/null
  mine=$(in_ sha256sum /etc/feedmill/config.toml)
  upgrade() { in_ dpkg --force-confdef --force-confold --install /var/tmp/next.deb; }
  pid=$(prop MainPID) opened=$(sc show -P ActiveEnterTimestampMonotonic feedmill.socket)
  ok "dpkg --install of the next version under load" under_load upgrade
  ok "… refused none of $ASKED requests" eq "$LOST" 0
  ok "… and there were many" test "$ASKED" -gt 50
  ok "… is the next version" has "$(in_ dpkg-query -W -f '${Version}' feedmill)" "+next"
  ok "… restarted the service" eval '[ "$(prop MainPID)" != "$pid" ] && [ "$(prop ActiveState)" = active ]'
  ok "… left the socket alone" eq "$(sc show -P ActiveEnterTimestampMonotonic feedmill.socket)" "$opened"
  ok "… kept the configuration" eq "$(in_ sha256sum /etc/feedmill/config.toml)" "$mine"
  ok "… laid the new one beside it" in_ test -f /etc/feedmill/config.toml.dpkg-dist
  ok "… and every feed has the same bytes" eq "$(feeds)" "$same"
  twice() { upgrade && upgrade; }
  ok "dpkg --install twice more under load" under_load twice
  ok "… refused none of $ASKED requests" eq "$LOST" 0
  pid=$(prop MainPID)
  in_ sh -c 'echo "nonsense = 1" > /etc/feedmill/config.d/zz.toml'
  said=$(upgrade 2>&1)
  ok "an upgrade whose configuration does not hold says file and key" has "$said" "zz.toml:1:1: error: nonsense"
  ok "… says what to do" has "$said" "systemctl restart feedmill"
  ok "… and leaves the running daemon" eq "$(prop MainPID) $(prop ActiveState)" "$pid active"
  in_ rm /etc/feedmill/config.d/zz.toml
  sc stop feedmill.service feedmill.socket; sc disable feedmill.service feedmill.socket 2>/dev/null
  upgrade >/dev/null 2>&1
  ok "an upgrade starts nothing that the administrator has disabled" eq \
    "$(sc is-active feedmill.service feedmill.socket | xargs) $(sc is-enabled feedmill.service feedmill.socket | xargs)" \
    "inactive inactive disabled disabled"
  sc enable --now feedmill.socket feedmill.service 2>/dev/null
  ok "enabled again it serves the same bytes" eq "$(feeds)" "$same"

  echo "# removal"
  ok "dpkg --remove" in_ dpkg --remove feedmill
  ok "… stops service and socket" eq "$(sc is-active feedmill.service feedmill.socket | xargs)" "inactive inactive"
  ok "… keeps configuration and stories" in_ sh -c 'test -f /etc/feedmill/config.toml && ls -d /var/lib/private/feedmill/gen-*'
  ok "dpkg --install again finds them" in_ dpkg --install /var/tmp/next.deb
  ok "… with the same bytes" eq "$(feeds)" "$same"
  ok "dpkg --purge" in_ dpkg --purge feedmill
  ok "… leaves nothing" in_ sh -c '! ls -d /etc/feedmill /var/lib/feedmill /var/lib/private/feedmill /run/feedmill /usr/bin/feedmill /etc/systemd/system/*.wants/feedmill* 2>/dev/null'
fi
ok "the daemon logged nothing but the broken configuration as an error" eq "$(journal -p err _COMM=feedmill | grep -v -e nonsense -e 'the old one stays' | head -3)" ""
echo "$PASSED passed, $FAILED failed"
[ $FAILED -eq 0 ]
