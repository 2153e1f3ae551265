#!/usr/bin/env bash
# Runs one command of Keyform from cron: silent when all is well, with all that it printed when it failed or found something.
#
#   run.sh COMMAND…
#
# KEYFORM_HOME        the project folder (/var/lib/keyform/project)
# KEYFORM_SETTINGS    a file of NAME=VALUE lines for the shell, mode 0600 and owned by the user that runs this: the clouds' credentials, and
#                     KEYFORM_IDENTITY or KEYFORM_IDENTITY_COMMAND (/etc/keyform/credentials)
set -euo pipefail
umask 077

home=${KEYFORM_HOME:-/var/lib/keyform/project}
settings=${KEYFORM_SETTINGS:-/etc/keyform/credentials}
others=$(find "$settings" -maxdepth 0 -perm /077)
if [ -n "$others" ]; then
  echo "$settings can be read by others than its owner: chmod 600 $settings" >&2
  exit 1
fi
set -a
# shellcheck source=/dev/null
. "$settings"
set +a
export KEYFORM_ACTOR=${KEYFORM_ACTOR:-cron@$(hostname)}
# A crash must not write secrets to a disk.
ulimit -c 0

code=0
printed=$(keyform "$1" -chdir="$home" -no-color "${@:2}" 2>&1) || code=$?
if [ "$code" != 0 ]; then
  printf '%s\n\nkeyform %s ended with code %s.\n' "$printed" "$1" "$code"
fi
exit "$code"
