#!/usr/bin/env bash
# Commits the state folder as a run of Keyform left it, and pushes the commit. To be run after every run that may change keys, above
# all after one that failed or was stopped: what is in the folder then may be the only copy of a secret, sealed.
#
#   save-state.sh [STATE FOLDER]
#
# KEYFORM_BRANCH      branch that the state lives on (main)
# KEYFORM_REMOTE      remote to push to (origin)
# KEYFORM_PUSH_TOKEN  token for an https remote; left out, git uses what it has
# KEYFORM_PUSH_USER   user name that goes with the token (x-access-token)
# KEYFORM_PUSH_PAUSE  seconds between tries, growing with each (2)
#
# Running it again, or with nothing to save, does no harm. Exit code 1: the state is not on the branch. If somebody else wrote the same state
# meanwhile, it is on a branch of its own, keyform-rescue/…, and the message says so.
set -euo pipefail

state=${1:-state}
branch=${KEYFORM_BRANCH:-main}
remote=${KEYFORM_REMOTE:-origin}
pause=${KEYFORM_PUSH_PAUSE:-2}
export KEYFORM_PUSH_USER=${KEYFORM_PUSH_USER:-x-access-token}
export GIT_TERMINAL_PROMPT=0

# The token goes from the environment to git by a pipe: arguments can be seen by every process of the machine.
reach() {
  if [ -z "${KEYFORM_PUSH_TOKEN:-}" ]; then
    git "$@"
    return
  fi
  # shellcheck disable=SC2016 # git's own shell expands these
  git -c credential.helper= \
    -c credential.helper='!f() { test "$1" = get || exit 0; echo "username=$KEYFORM_PUSH_USER"; echo "password=$KEYFORM_PUSH_TOKEN"; }; f' \
    "$@"
}

as_keyform() {
  git -c user.name="${GIT_COMMITTER_NAME:-keyform}" -c user.email="${GIT_COMMITTER_EMAIL:-keyform@localhost}" "$@"
}

if [ -d "$state" ]; then
  # With the files of the state that are gone, such as the journal of an earlier run that died, once it is folded in.
  git add --all -- "$state"
  # A journal that is still there holds what the run did last. .gitignore leaves it out, because a machine that stays needs it nowhere else.
  find "$state" -maxdepth 1 -type f \( -name '*.keyform.journal' -o -name '*.keyform.rescue-*' \) \
    -exec git add --force -- {} +
fi
if ! git diff --cached --quiet; then
  as_keyform commit --quiet --no-verify --message "Keyform state: ${KEYFORM_ACTOR:-$(id -un)}"
fi

for try in 1 2 3 4 5; do
  if ! reach fetch --quiet "$remote" "refs/heads/$branch"; then
    echo "save-state: $remote cannot be reached (try $try of 5)" >&2
    sleep "$((try * pause))"
    continue
  fi
  ahead=$(git rev-list --count FETCH_HEAD..HEAD)
  if [ "$ahead" = 0 ]; then
    echo "save-state: the state on $branch is up to date"
    exit 0
  fi
  # Commits that others made meanwhile touch other files, unless two runs wrote one state. What else the job changed in the folder, such as a
  # lock file of packages, is put aside and back.
  if ! as_keyform rebase --quiet --autostash FETCH_HEAD; then
    git rebase --abort 2> /dev/null || true
    rescue="keyform-rescue/$(date -u +%Y%m%dT%H%M%SZ)-$(git rev-parse --short HEAD)"
    reach push --quiet "$remote" "HEAD:refs/heads/$rescue"
    echo "save-state: the state does not go on top of $branch as it is now: another run wrote the same one. What this run left is on the branch $rescue, sealed: see docs/state.md, \"Branches and clones\"." >&2
    exit 1
  fi
  if reach push --quiet "$remote" "HEAD:refs/heads/$branch"; then
    echo "save-state: pushed the state to $branch"
    exit 0
  fi
  echo "save-state: $branch did not take the push (try $try of 5)" >&2
  sleep "$((try * pause))"
done
echo "save-state: the state could not be pushed. It is in $PWD/$state, sealed: keep that folder." >&2
exit 1
