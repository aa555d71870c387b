#!/bin/sh
# Builds the Debian package: the release binary, then what it says of itself (manual page, completions,
# schema) and the packaged configuration, then the .deb by cargo-deb (`cargo install cargo-deb`).
set -eu
cd "$(dirname "$0")/.."
cargo build --locked --release
out=target/package
mkdir -p "$out"
program=target/release/feedmill
"$program" man > "$out/feedmill.1"
"$program" completions bash > "$out/feedmill.bash"
"$program" completions zsh > "$out/_feedmill"
"$program" completions fish > "$out/feedmill.fish"
"$program" config-schema > "$out/config.schema.json"
sh contrib/packaged-config.sh > "$out/config.toml"
cargo deb --no-build --locked "$@"
