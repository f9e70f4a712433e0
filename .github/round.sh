#!/bin/sh
# Does a round and puts what it wrote into a pull request: the one that is open, or a new one.
# Needs `gh` with a token that may push branches and open pull requests. Fails where a part of the
# round failed, after the pull request has what the others did.
set -eu
git config user.name "github-actions[bot]"
git config user.email "41898282+github-actions[bot]@users.noreply.github.com"
branch="$(gh pr list --state open --limit 100 --json headRefName,isCrossRepository \
  --jq '[.[] | select(.isCrossRepository | not) | .headRefName | select(startswith("round/"))][0] // ""')"
if test -n "$branch"; then
  git switch "$branch"
  git merge --no-edit origin/main
else
  git switch --create "round/$(date -u +%F)"
fi
code=0
.venv/bin/python -m livingreview round --out _build/round || code=$?
case "$code" in 0|1|3) ;; *) exit "$code" ;; esac
test -f _build/round/round.txt  # data with an error are not searched for
if test -n "${GITHUB_STEP_SUMMARY:-}"; then
  cat _build/round/pull-request.md >> "$GITHUB_STEP_SUMMARY"
fi
if test -n "$(git status --porcelain data)" || test -n "$branch"; then
  git add data
  title="$(head -n 1 _build/round/round.txt)"
  git diff --cached --quiet || git commit --quiet --message "$title"
  git push origin HEAD
  if test -n "$branch"; then
    gh pr comment "$branch" --body-file _build/round/pull-request.md
  else
    gh pr create --base main --title "$title" --body-file _build/round/pull-request.md
  fi
fi
test "$code" -ne 1
