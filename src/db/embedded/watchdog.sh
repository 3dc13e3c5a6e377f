# Ends the server of a test run: test processes end without a word. Arguments: base folder, data folder.
# Whoever holds in-use.lock uses the server. One watcher per server: the others find watch.lock taken and leave.
base=$1
data=$2

patiently() { # a lock on an open descriptor, for at most 30 s (busybox knows no -w)
    tries=0
    until flock -n -x "$1"; do
        tries=$((tries + 1))
        [ "$tries" -lt 30 ] || return 1
        sleep 1
    done
}
alive() { # a number alone proves nothing: the process must serve this data folder
    pid=$(head -n 1 "$data/postmaster.pid" 2>/dev/null) && [ -n "$pid" ] &&
        tr '\0' '\n' 2>/dev/null <"/proc/$pid/cmdline" | {
            read -r program
            case $program in
            *postgres | *postmaster) grep -qxF -e "$data" ;;
            *) false ;;
            esac
        }
}

exec 9>>"$base/watch.lock" || exit 0
# The watcher before us may be about to leave.
flock -n -x 9 || { sleep 2 && flock -n -x 9; } || exit 0

idle=0
while alive; do
    if flock -n -x "$base/in-use.lock" true; then idle=$((idle + 1)); else idle=0; fi
    if [ "$idle" -ge 5 ]; then
        exec 8>>"$base/start.lock" 7>>"$base/in-use.lock"
        if patiently 8 && flock -n -x 7 && alive; then
            kill -INT "$pid"
            tries=0
            while alive && [ "$tries" -lt 120 ]; do
                tries=$((tries + 1))
                sleep 0.5
            done
        fi
        exec 7>&- 8>&-
        idle=0
    fi
    sleep 1
done
