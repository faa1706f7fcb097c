#!/bin/sh
# Make the secrets that docker-compose.yml mounts, in deploy/secrets/ or the folder that is given.
# What is there already is kept, so it may be run again. Keep a copy of vault.key and signing.key elsewhere.
set -eu
folder="${1:-$(dirname "$0")/secrets}"
mkdir -p "$folder"
# Compose shows a file with the owner and mode it has here. The containers' accounts must read it; nobody else on this
# machine may, so the folder is closed and the files are open.
chmod 700 "$folder"

keep() { # NAME VALUE
    [ -e "$folder/$1" ] && return
    printf '%s' "$2" >"$folder/$1.new"
    chmod 444 "$folder/$1.new"
    mv "$folder/$1.new" "$folder/$1"
}
random() { # BYTES
    head -c "$1" /dev/urandom | base64 | tr -d '\n'
}
word() {
    head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n'
}

keep django.key "$(random 48)"
keep vault.key "$(random 32)"
keep signing.key "$(random 32)"
keep postgres.password "$(word)"
keep owner.password "$(word)"
keep app.password "$(word)"
keep redis.password "$(word)"
keep owner.url "postgresql://prometheus_owner:$(cat "$folder/owner.password")@postgres:5432/prometheus"
keep app.url "postgresql://prometheus_app:$(cat "$folder/app.password")@postgres:5432/prometheus"
# Of a provider of drafts; stays empty while PROMETHEUS_PROVIDER is extractive.
keep openai.key ""
keep redis.url "redis://:$(cat "$folder/redis.password")@redis:6379/0"
