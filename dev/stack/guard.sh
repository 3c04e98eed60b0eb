#!/bin/sh
# guard.sh SIGNAL [FOLDER]: reads process ids, a line each, the last one counting. Once standard input closes, the
# process that wrote them has ended, however it did: then ends the last one, and removes the folder. A line `dismissed`
# comes first when there is nothing left to guard.
signal=$1 folder=${2:-} pid='' start=''

# Process ids are used again; not with the same start. Nothing for one that has ended and is only not yet reaped.
started() {
  if [ -d /proc/self ]; then
    sed -n 's/.*) //; /^[ZX]/!p' "/proc/$pid/stat" 2>/dev/null | cut -d ' ' -f 20
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

while read -r line; do
  [ "$line" != dismissed ] || exit 0
  pid=$line
  start=$(started)
done

if [ -n "$start" ] && [ "$(started)" = "$start" ] && kill -s "$signal" "$pid"; then
  ends_within 15 || kill -s KILL "$pid"
  ends_within 5
fi
[ -z "$folder" ] || rm -rf "$folder"
