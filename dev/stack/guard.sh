#!/bin/sh
# guard.sh PID SIGNAL [FOLDER]: ends that process, and removes the folder, once standard input closes: the process that
# started both has then ended, however it did. It says so first if it has nothing left to guard, by a line of input.
pid=$1 signal=$2 folder=${3:-}

# Process ids are used again; not with the same start.
started() {
  if [ -d /proc/self ]; then
    sed 's/.*) //' "/proc/$pid/stat" 2>/dev/null | cut -d ' ' -f 20
  else
    ps -o lstart= -p "$pid"
  fi
}

ends_within() {
  tenths=$(($1 * 10))
  while [ "$(started)" = "$start" ]; do
    [ "$tenths" -gt 0 ] || return 1
    tenths=$((tenths - 1))
    sleep 0.1
  done
}

start=$(started)
read -r _ && exit 0

if [ "$(started)" = "$start" ] && kill -s "$signal" "$pid"; then
  ends_within 15 || kill -s KILL "$pid"
  ends_within 5
fi
[ -z "$folder" ] || rm -rf "$folder"
