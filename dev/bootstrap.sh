#!/bin/sh
# Makes the checkout ready to work in: checks what the machine must have, then installs the npm packages, a Node 24
# among them, when they are not the ones that package-lock.json names. All that comes after is run by that Node.
set -eu
cd "$(dirname "$0")/.."

missing=0
lacks() {
  printf 'Missing: %s\n' "$1" >&2
  missing=1
}

node_major=$(node -p 'process.versions.node.split(".")[0]' 2>/dev/null || echo 0)
[ "$node_major" -ge 20 ] || lacks 'Node.js 20 or newer (https://nodejs.org), to start from; Node 24 itself comes as an npm package.'
command -v npm >/dev/null || lacks 'npm, which comes with Node.js.'
sh dev/find-jdk.sh >/dev/null || lacks 'a JDK 21 or newer, for Elasticsearch. Looked in JAVA_HOME, /usr/lib/jvm and PATH. On Debian or Ubuntu: apt-get install openjdk-21-jdk-headless; else https://adoptium.net.'
command -v mvn >/dev/null || lacks 'Maven (mvn), which fetches Elasticsearch. On Debian or Ubuntu: apt-get install maven; else https://maven.apache.org.'
[ "$missing" -eq 0 ] || exit 1

# Every package of the lock file at its version. Optional ones, made for another platform, may be absent.
installed='
  const { readFileSync, existsSync } = require("node:fs");
  const packages = (path) => JSON.parse(readFileSync(path, "utf8")).packages;
  const have = packages("node_modules/.package-lock.json");
  const complete = Object.entries(packages("package-lock.json")).every(
    ([path, { version, optional }]) => !path.startsWith("node_modules/") || (have[path]?.version ?? (optional && version)) === version,
  );
  process.exit(complete && existsSync("node_modules/.bin/node") ? 0 : 1);
'
if ! node -e "$installed" 2>/dev/null; then
  echo 'Installing the npm packages …'
  # Where there is no home to write to, npm's cache has its place in the checkout's.
  [ -w "${HOME:-}" ] || export npm_config_cache="$PWD/.cache/npm"
  npm ci --no-audit --no-fund --no-update-notifier --loglevel=error
fi
