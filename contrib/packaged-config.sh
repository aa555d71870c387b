#!/bin/sh
# Prints config.toml as a package installs it in /etc/feedmill: the store and the control socket where the
# unit puts them, categories and sources commented out. The service then starts and serves empty pages.
# Generated, so that the documented file and the packaged one cannot drift apart.
set -eu
exec awk '
  /^# admin = / { print "admin = \"unix:/run/feedmill/control.sock\""; next }
  /^# path = /  { print "path = \"/var/lib/feedmill\""; next }
  /^\[category\./ || /^\[\[source\]\]/ { is_example = 1 }
  is_example && NF && !/^#/ { print "# " $0; next }
  { print }
' "$(dirname "$0")/../config.toml"
