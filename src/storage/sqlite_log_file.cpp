#include "storage/sqlite_log_file.h"

#include <sqlite3.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <utility>

#include "multihub/base/check.h"

namespace multihub::storage {
namespace {

// About thirty pages; a longer transaction is written in several pieces. SQLite's own files write no more than 128 kB
// at once (they cut the number of bytes at 17 bits).
constexpr sqlite3_int64 kPieceBytes = 120 * 1024;

// SQLite sets memory of szOsFile bytes aside for each file: this, and behind it the file of the VFS below.
struct LogFile {
  sqlite3_file base;
  // What was appended and not given to the file yet, and where in the file it belongs. Allocated by the first write:
  // most connections only read.
  std::byte* piece;
  sqlite3_int64 size, offset;
  bool ends;  // the page that comes next is a transaction's last
};
constexpr std::size_t kBelow =
    (sizeof(LogFile) + alignof(std::max_align_t) - 1) / alignof(std::max_align_t) * alignof(std::max_align_t);

LogFile* Of(sqlite3_file* file) { return reinterpret_cast<LogFile*>(file); }
sqlite3_file* Below(sqlite3_file* file) {
  return reinterpret_cast<sqlite3_file*>(reinterpret_cast<std::byte*>(file) + kBelow);
}

// Before each page: where it belongs and, in the second four bytes of its last one, a transaction's end.
constexpr int kFrameHeaderBytes = 24;
bool EndsTransaction(const void* header) {
  std::uint32_t pages = 0;
  std::memcpy(&pages, static_cast<const std::byte*>(header) + sizeof(pages), sizeof(pages));
  return pages != 0;
}

// What fails is forgotten: SQLite takes the transaction back, and writes other pages to the same place later.
int Flush(sqlite3_file* file) {
  LogFile* log = Of(file);
  if (log->size == 0) return SQLITE_OK;
  const int size = static_cast<int>(log->size);
  log->size = 0;
  return Below(file)->pMethods->xWrite(Below(file), log->piece, size, log->offset);
}

int Write(sqlite3_file* file, const void* data, int size, sqlite3_int64 offset) {
  LogFile* log = Of(file);
  if (log->piece == nullptr) log->piece = new (std::nothrow) std::byte[kPieceBytes];
  const bool appends = log->size == 0 || offset == log->offset + log->size;
  if (!appends || log->size + size > kPieceBytes) {
    const int flushed = Flush(file);
    if (flushed != SQLITE_OK) return flushed;
  }
  if (log->piece == nullptr || size > kPieceBytes) {
    return Below(file)->pMethods->xWrite(Below(file), data, size, offset);
  }
  if (log->size == 0) log->offset = offset;
  std::memcpy(log->piece + log->size, data, static_cast<std::size_t>(size));
  log->size += size;
  if (size == kFrameHeaderBytes) {
    log->ends = EndsTransaction(data);
    return SQLITE_OK;
  }
  return std::exchange(log->ends, false) ? Flush(file) : SQLITE_OK;
}

int Sync(sqlite3_file* file, int flags) {
  const int flushed = Flush(file);
  return flushed != SQLITE_OK ? flushed : Below(file)->pMethods->xSync(Below(file), flags);
}

int Read(sqlite3_file* file, void* data, int size, sqlite3_int64 offset) {
  const int flushed = Flush(file);
  return flushed != SQLITE_OK ? flushed : Below(file)->pMethods->xRead(Below(file), data, size, offset);
}

int Truncate(sqlite3_file* file, sqlite3_int64 size) {
  const int flushed = Flush(file);
  return flushed != SQLITE_OK ? flushed : Below(file)->pMethods->xTruncate(Below(file), size);
}

int FileSize(sqlite3_file* file, sqlite3_int64* size) {
  const int flushed = Flush(file);
  return flushed != SQLITE_OK ? flushed : Below(file)->pMethods->xFileSize(Below(file), size);
}

int Close(sqlite3_file* file) {
  const int flushed = Flush(file);
  delete[] Of(file)->piece;
  Of(file)->piece = nullptr;
  const int closed = Below(file)->pMethods->xClose(Below(file));
  return flushed != SQLITE_OK ? flushed : closed;
}

int Lock(sqlite3_file* file, int level) { return Below(file)->pMethods->xLock(Below(file), level); }
int Unlock(sqlite3_file* file, int level) { return Below(file)->pMethods->xUnlock(Below(file), level); }
int CheckReservedLock(sqlite3_file* file, int* reserved) {
  return Below(file)->pMethods->xCheckReservedLock(Below(file), reserved);
}
int FileControl(sqlite3_file* file, int operation, void* argument) {
  return Below(file)->pMethods->xFileControl(Below(file), operation, argument);
}
int SectorSize(sqlite3_file* file) { return Below(file)->pMethods->xSectorSize(Below(file)); }
int DeviceCharacteristics(sqlite3_file* file) { return Below(file)->pMethods->xDeviceCharacteristics(Below(file)); }

// Version 1: a log is neither mapped nor has it shared memory of its own.
constexpr sqlite3_io_methods kLogMethods = {1,
                                            Close,
                                            Read,
                                            Write,
                                            Truncate,
                                            Sync,
                                            FileSize,
                                            Lock,
                                            Unlock,
                                            CheckReservedLock,
                                            FileControl,
                                            SectorSize,
                                            DeviceCharacteristics,
                                            nullptr,
                                            nullptr,
                                            nullptr,
                                            nullptr,
                                            nullptr,
                                            nullptr};

sqlite3_vfs* below_vfs = nullptr;

int Open(sqlite3_vfs*, sqlite3_filename name, sqlite3_file* file, int flags, int* out_flags) {
  // Every other file is the VFS's below, and this one is not asked again about it.
  if ((flags & SQLITE_OPEN_WAL) == 0) return below_vfs->xOpen(below_vfs, name, file, flags, out_flags);
  file->pMethods = nullptr;
  Below(file)->pMethods = nullptr;
  const int opened = below_vfs->xOpen(below_vfs, name, Below(file), flags, out_flags);
  if (opened == SQLITE_OK) *Of(file) = LogFile{{&kLogMethods}, nullptr, 0, 0, false};
  return opened;
}

}  // namespace

void UseSqliteLogFile() {
  below_vfs = sqlite3_vfs_find(nullptr);
  MULTIHUB_CHECK(below_vfs != nullptr);
  // SQLite keeps the pointer for good. All but the opening of files is the same.
  static sqlite3_vfs vfs = *below_vfs;
  vfs.pNext = nullptr;
  vfs.zName = "multihub";
  vfs.szOsFile = below_vfs->szOsFile + static_cast<int>(kBelow);
  vfs.xOpen = Open;
  MULTIHUB_CHECK(sqlite3_vfs_register(&vfs, 1) == SQLITE_OK);
}

}  // namespace multihub::storage
