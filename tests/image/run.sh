#!/usr/bin/env bash
# ./dev image: builds the Dockerfile without a container engine, on a base made by debootstrap, and runs a payment and the
# conformance suite through the image (tests/image/exercise.py). As root: it makes file systems and mounts them. What it
# makes stays under build/image, so that a second run builds only what changed; `./dev image clean` removes it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

if [ "$(id -u)" -ne 0 ]; then exec sudo "$0" "$@"; fi

place=$PWD/build/image
base=localhost/multihub-base:bookworm
image=localhost/multihub:test
# Nothing is kept outside of `place`, and no other image of this machine is touched.
export BUILDAH_ISOLATION=chroot STORAGE_DRIVER=vfs
buildah=(buildah --root "$place/storage" --runroot "$place/run")

if [ "${1:-}" = clean ]; then
  "${buildah[@]}" rm --all >/dev/null 2>&1 || true
  rm -rf "$place"
  exit 0
fi
mkdir -p "$place/ccache"
echo "cache_dir = /ccache" >"$place/ccache.conf"

# What else is written for engines and clusters, as far as it can be judged without any.
node tests/image/npm/kubernetes.mjs deploy/kubernetes
rm -rf "$place/compose"
mkdir -p "$place/compose/secrets"
cp deploy/compose/* "$place/compose/"
touch "$place"/compose/secrets/{master_key,db_root,db_user}
for files in "-f compose.yaml" "-f compose.yaml -f bootstrap.yaml"; do
  # shellcheck disable=SC2086
  (cd "$place/compose" && docker-compose $files config --quiet)
done

if ! "${buildah[@]}" inspect --type image "$base" >/dev/null 2>&1; then
  echo "making the base: Debian 12, minimal" >&2
  rm -rf "$place/debian"
  debootstrap --variant=minbase bookworm "$place/debian" >"$place/debootstrap.log"
  # As the images of Debian have it: no package lists, no downloaded packages.
  rm -rf "$place"/debian/var/lib/apt/lists/* "$place"/debian/var/cache/apt/archives/*.deb
  container=$("${buildah[@]}" from scratch)
  "${buildah[@]}" add -q "$container" "$place/debian" /
  "${buildah[@]}" commit -q --rm "$container" "$base" >/dev/null
  rm -rf "$place/debian"
fi

# The files may belong to whoever called sudo.
revision=$(git -c safe.directory="$PWD" describe --always --abbrev=40 --dirty --exclude='*')

echo "building the image; the log is build/image/build.log" >&2
# The docker format, since the other one has no health check. The compiler's cache outlives the build.
"${buildah[@]}" bud --isolation chroot --pull-never --layers --format docker \
  --volume "$place/ccache:/ccache" --volume "$place/ccache.conf:/etc/ccache.conf:ro" --build-arg "BASE=$base" \
  --build-arg "REVISION=$revision" --tag "$image" . >"$place/build.log" 2>&1 || {
  tail -n 40 "$place/build.log" >&2
  exit 1
}

"${buildah[@]}" rm --all >/dev/null
"${buildah[@]}" inspect --type image "$image" >"$place/image.json"
base_root=$("${buildah[@]}" mount "$("${buildah[@]}" from --pull-never "$base")")
image_root=$("${buildah[@]}" mount "$("${buildah[@]}" from --pull-never "$image")")
status=0
python3 tests/image/exercise.py "$place/image.json" "$image_root" "$base_root" deploy/kubernetes || status=$?
"${buildah[@]}" rm --all >/dev/null
exit "$status"
