#include "storage/sqlite_page_cache.h"

#include <sqlite3.h>

#include <algorithm>
#include <memory>
#include <new>

#include "multihub/base/check.h"

namespace multihub::storage {
namespace {

// Where in a database file SQLite's locks are; no page is kept there.
constexpr unsigned kLockByte = 0x40000000;

sqlite3_pcache_methods2 below{};

// What SQLite gets for one of its caches.
struct Cache {
  sqlite3_pcache* real;
  unsigned parking;   // the page number SQLite parks a page on
  unsigned stand_in;  // the number it is parked on instead
  unsigned greatest;  // in use

  unsigned Actual(unsigned key) const { return key == parking ? stand_in : key; }
};

Cache* Of(sqlite3_pcache* cache) { return reinterpret_cast<Cache*>(cache); }

sqlite3_pcache* Create(int page_bytes, int extra_bytes, int purgeable) {
  auto cache = std::unique_ptr<Cache>(new (std::nothrow) Cache{});
  if (!cache) return nullptr;
  cache->real = below.xCreate(page_bytes, extra_bytes, purgeable);
  if (cache->real == nullptr) return nullptr;
  cache->parking = kLockByte / static_cast<unsigned>(page_bytes) + 1;
  return reinterpret_cast<sqlite3_pcache*>(cache.release());
}

void Destroy(sqlite3_pcache* cache) {
  below.xDestroy(Of(cache)->real);
  delete Of(cache);
}

sqlite3_pcache_page* Fetch(sqlite3_pcache* cache, unsigned key, int create) {
  Cache* own = Of(cache);
  if (key == own->parking && own->stand_in == 0) {
    if (create == 0) return nullptr;  // nobody is parked
    own->stand_in = own->parking;     // not as we know it: no other place, then
  }
  const unsigned actual = own->Actual(key);
  sqlite3_pcache_page* page = below.xFetch(own->real, actual, create);
  if (create != 0 && page != nullptr) own->greatest = std::max(own->greatest, actual);
  return page;
}

void Rekey(sqlite3_pcache* cache, sqlite3_pcache_page* page, unsigned from, unsigned to) {
  Cache* own = Of(cache);
  if (to == own->parking && own->stand_in == 0) own->stand_in = own->greatest + 1;
  below.xRekey(own->real, page, own->Actual(from), own->Actual(to));
  if (from == own->parking) own->stand_in = 0;
  if (to != own->parking) own->greatest = std::max(own->greatest, to);
}

void Truncate(sqlite3_pcache* cache, unsigned limit) {
  Cache* own = Of(cache);
  below.xTruncate(own->real, limit);
  if (own->stand_in >= limit) own->stand_in = 0;
  if (own->greatest >= limit) own->greatest = limit - 1;
}

void SetSize(sqlite3_pcache* cache, int pages) { below.xCachesize(Of(cache)->real, pages); }
int Count(sqlite3_pcache* cache) { return below.xPagecount(Of(cache)->real); }
void Unpin(sqlite3_pcache* cache, sqlite3_pcache_page* page, int discard) {
  below.xUnpin(Of(cache)->real, page, discard);
}
void Shrink(sqlite3_pcache* cache) { below.xShrink(Of(cache)->real); }

}  // namespace

void UseSqlitePageCache() {
  MULTIHUB_CHECK(sqlite3_config(SQLITE_CONFIG_GETPCACHE2, &below) == SQLITE_OK);
  // SQLite copies it. Beginning, ending and `pArg` stay as they are.
  sqlite3_pcache_methods2 methods = below;
  methods.xCreate = Create;
  methods.xCachesize = SetSize;
  methods.xPagecount = Count;
  methods.xFetch = Fetch;
  methods.xUnpin = Unpin;
  methods.xRekey = Rekey;
  methods.xTruncate = Truncate;
  methods.xDestroy = Destroy;
  methods.xShrink = Shrink;
  MULTIHUB_CHECK(sqlite3_config(SQLITE_CONFIG_PCACHE2, &methods) == SQLITE_OK);
}

}  // namespace multihub::storage
