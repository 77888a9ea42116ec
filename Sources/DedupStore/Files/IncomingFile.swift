import Glibc
import MailMessage
import Synchronization

/// A file with a message that is arriving. It is removed with its last reader unless the store keeps it.
final class IncomingFile: OctetFile {
  private struct State {
    var count = 0
    var checksum = Checksum()
    var isEightBit = false
    var isKept = false
  }

  let folder: String
  private let path: String
  private let descriptor: CInt
  private let state = Mutex(State())

  private static let made = Atomic<UInt64>(0)

  init(in folder: String) throws {
    self.folder = folder
    path = "\(folder)/incoming-\(getpid())-\(Self.made.wrappingAdd(1, ordering: .relaxed).newValue)"
    descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw FileFault("create", path) }
  }

  deinit {
    close(descriptor)
    if !state.withLock({ $0.isKept }) { unlink(path) }
  }

  var count: Int { state.withLock { $0.count } }

  /// The CRC-32C of all octets.
  var checksum: UInt32 { state.withLock { $0.checksum.value } }

  /// The whole file as a slice.
  var slice: FileSlice { state.withLock { FileSlice(self, count: $0.count, isEightBit: $0.isEightBit) } }

  /// Adds octets: all of them or, if it throws, none that would count.
  func append(_ octets: [UInt8]) throws {
    try state.withLock { state in
      try SyncedFile.write(octets, to: descriptor, at: state.count, of: path)
      state.count += octets.count
      octets.withUnsafeBytes { state.checksum.add($0) }
      state.isEightBit = state.isEightBit || octets.contains { $0 >= 0x80 }
    }
  }

  func read(at offset: Int, count: Int) throws -> [UInt8] {
    try SyncedFile.read(descriptor, at: offset, count: count, of: path)
  }

  /// Makes the file durable under `name`, in the same folder. It can still be read.
  func keep(as name: String) throws {
    guard fsync(descriptor) == 0 else { throw FileFault("sync", path) }
    let final = folder + "/" + name
    guard rename(path, final) == 0 else { throw FileFault("rename", path) }
    state.withLock { $0.isKept = true }
    do { try StoreFiles.syncDirectory(folder) } catch {
      unlink(final)
      throw error
    }
  }
}
