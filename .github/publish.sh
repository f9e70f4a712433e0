#!/bin/sh
# Puts the site together in _build/versions: the newest state, and every version as its release holds it.
# Versions are never built again. Needs `gh` with a token that may read releases.
set -eu
mkdir -p _build/versions
LIVINGREVIEW_SIBLINGS=1 .venv/bin/python -m livingreview build --out _build/versions/latest
cd _build/versions
gh release list --limit 1000 --json tagName --jq '.[].tagName' | while read -r tag; do
  version="${tag#v}"
  test -d "$version" && continue
  gh release download "$tag" --pattern 'livingreview-*.zip*'
  sha256sum --check "livingreview-$version.zip.sha256"
  unzip -q "livingreview-$version.zip" 'site/*' -d ".$version"
  mv ".$version/site" "$version"
done
rm -rf .[!.]* ./*.zip ./*.zip.sha256
cd ../..
.venv/bin/python -m livingreview site-index
