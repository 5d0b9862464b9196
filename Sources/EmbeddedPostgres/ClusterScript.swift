/// What the watchdog of a cluster does: makes it where there is none, starts the server, and stops it in the end.
enum ClusterScript {
    static let text = #"""
        trap '' PIPE HUP
        trap : TERM INT
        cd /
        server=
        start() {
            $STEP "$BIN/postgres" -D "$DATA" "$@" </dev/null >>"$WORK/server.log" 2>&1 &
            server=$!
            echo "started $server"
        }
        initialise() {
            rm -rf -- "$DATA.new"
            $STEP "$BIN/initdb" -D "$DATA.new" -U postgres -E UTF8 --locale=C.UTF-8 \
                --auth-local=trust --auth-host=reject $SYNC --no-instructions \
                </dev/null >>"$WORK/server.log" 2>&1 &&
                mv -- "$DATA.new" "$DATA"
        }
        if [ -d "$DATA" ] || initialise; then start "$@"; else echo failed; fi
        while read -r command; do
            if [ "$command" = start ]; then
                [ -z "$server" ] || wait "$server"
                start "$@"
            fi
        done
        if [ -n "$server" ]; then
            (sleep 20; kill -QUIT "$server"; sleep 10; kill -KILL "$server") </dev/null >/dev/null 2>&1 &
            kill -INT "$server" 2>/dev/null
            wait "$server"
        fi
        rm -rf -- "$WORK"
        trap '' TERM
        kill -TERM 0
        """#
}
