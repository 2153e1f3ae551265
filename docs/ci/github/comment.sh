#!/usr/bin/env bash
# Writes a plan as a comment on a pull request: a new one the first time, the same one from then on.
#
#   comment.sh FILE NUMBER
#
# FILE: plan.md of "keyform plan -report-dir"; if it is missing, the plan failed, and the comment says so. Needs GH_TOKEN, GITHUB_REPOSITORY, RUN_URL.
set -euo pipefail

file=$1
number=$2
if [ ! -s "$file" ]; then
  mkdir -p "$(dirname "$file")"
  printf '<!-- keyform-plan:* -->\n\n## ❌ Keyform plan\n\nThere is no plan: [the job failed](%s).\n' "$RUN_URL" > "$file"
fi
MARKER=$(head -n 1 "$file")
export MARKER
# Only a comment that this workflow wrote: anybody can put the marker into one.
id=$(gh api --paginate "repos/$GITHUB_REPOSITORY/issues/$number/comments?per_page=100" \
  --jq '.[] | select(.user.login == "github-actions[bot]") | select(.body | startswith(env.MARKER)) | .id' | tail -n 1)
if [ -n "$id" ]; then
  gh api --silent --method PATCH "repos/$GITHUB_REPOSITORY/issues/comments/$id" --field "body=@$file"
else
  gh api --silent --method POST "repos/$GITHUB_REPOSITORY/issues/$number/comments" --field "body=@$file"
fi
