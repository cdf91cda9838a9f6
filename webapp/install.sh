#!/bin/sh
# Installs what is missing of the named programs: sh webapp/install.sh node npm chromium
# Only Debian and its relatives are known; elsewhere the message says what to install.
set -eu

there() {
    case $1 in
    chromium) command -v chromium || command -v chromium-browser || command -v google-chrome ;;
    *) command -v "$1" ;;
    esac >/dev/null 2>&1
}

package() {
    case $1 in
    node) echo nodejs ;;
    *) echo "$1" ;;
    esac
}

missing=
for program in "$@"; do
    there "$program" || missing="$missing $(package "$program")"
done
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null 2>&1; then
    echo "install these first, then call make browser again:$missing" >&2
    exit 1
fi
as_root=
[ "$(id -u)" = 0 ] || as_root=sudo
echo "installing$missing"
$as_root apt-get update -qq
# shellcheck disable=SC2086  # several packages
DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends $missing >/dev/null
