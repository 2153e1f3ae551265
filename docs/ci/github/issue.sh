#!/usr/bin/env bash
# Keeps one issue about drift: opens it, brings it up to date, closes it when there is none any more.
#
#   issue.sh FILE CODE
#
# FILE: drift.md of "keyform drift -report-dir". CODE: its exit code. Needs GH_TOKEN, GH_REPO, RUN_URL.
set -euo pipefail

file=$1
code=$2
label=keyform-drift
gh label create "$label" --color D93F0B --description 'Keys differ from what Keyform remembers' --force
number=$(gh issue list --label "$label" --state open --limit 1 --json number --jq '.[0].number // empty')
if [ "$code" = 0 ]; then
  if [ -n "$number" ]; then gh issue close "$number" --comment "No drift any more: $RUN_URL"; fi
  exit 0
fi
if [ ! -s "$file" ]; then
  mkdir -p "$(dirname "$file")"
  printf '# ❌ Drift: nothing could be looked at\n\nThe job failed before it could report.\n' > "$file"
fi
printf '\n%s\n' "$RUN_URL" >> "$file"
if [ -n "$number" ]; then
  gh issue edit "$number" --body-file "$file"
else
  gh issue create --title 'Keyform: keys have drifted' --label "$label" --body-file "$file"
fi
