#!/usr/bin/env bash
# Bundles the parts of ECharts that the charts use into public/vendor/echarts.<version>.js.
# Only when the entry or the version is newer than the bundle.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/env.sh
version="$(node -p 'require("echarts/package.json").version')"
bundle="public/vendor/echarts.$version.js"
if [ "$bundle" -nt style/echarts.js ] && [ "$bundle" -nt scripts/echarts.sh ]; then exit 0; fi
say "Bundling ECharts $version"
mkdir -p public/vendor
rm -f public/vendor/echarts.*.js
esbuild style/echarts.js --bundle --minify --format=esm --target=es2022 --legal-comments=none --log-level=warning --outfile="$bundle"
