# Sourced by the launchers here and by setup/node, with their real path in $self (links followed, so that any folder will
# do and /usr/local/bin may hold links). One process until exec: this is part of every start.
launch() {
  root=${self%/*}/..
  for node in "$root"/node_modules/node-linux-*/bin/node; do
    if [ -x "$node" ]; then
      # Compiled code is kept, which halves the start; Node does without where the folder cannot be written.
      : "${NODE_COMPILE_CACHE:=$root/node_modules/.cache/compiled}"
      export NODE_COMPILE_CACHE
      exec "$node" --import "$root/setup/bundled-packages.mjs" "$@"
    fi
  done
  echo "${self##*/}: the Node packages are not installed; run npm start or node setup/prepare.mjs in ${self%/*/*}" >&2
  exit 1
}
