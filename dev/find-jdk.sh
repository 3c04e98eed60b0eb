#!/bin/sh
# Prints the home of a JDK that Elasticsearch 9 can run on, looked for in JAVA_HOME, the usual folders and PATH.
# Fails, silently, when there is none.
minimum=21

# The `release` file says the version without starting a JVM.
major_version() {
  sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$1/release" 2>/dev/null
}

on_path=$(command -v javac || true)
[ -z "$on_path" ] || on_path=$(dirname "$(dirname "$(readlink -f "$on_path")")")

for home in "${JAVA_HOME:-}" /usr/lib/jvm/* /Library/Java/JavaVirtualMachines/*/Contents/Home "$on_path"; do
  if [ -x "$home/bin/javac" ] && [ "$(major_version "$home")" -ge "$minimum" ] 2>/dev/null; then
    printf '%s\n' "$home"
    exit 0
  fi
done
exit 1
