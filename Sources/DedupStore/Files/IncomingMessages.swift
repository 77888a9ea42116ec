import DedupCore
import MailMessage
import Synchronization

/// Large messages while they arrive: in a file beside the stored ones or, if the disk does not take it, in memory,
/// since the mail may still be delivered without the disk.
struct IncomingMessages: LargeMessages {
  private let folder: String
  private let limits: StoreLimits
  private let memory = MemoryAllowance()

  init(folder: String, limits: StoreLimits) {
    self.folder = folder
    self.limits = limits
  }

  func begin() -> any GrowingMessage { IncomingMessage(folder, limits, memory) }
}

/// The octets of large messages that are in memory because they could not be written to a file.
final class MemoryAllowance: Sendable {
  private let used = Mutex(0)

  /// Counts `octets` more.
  ///
  /// - Throws: if that would exceed `limit`.
  func take(_ octets: Int, of limit: Int) throws {
    try used.withLock { used in
      guard used + octets <= limit else {
        throw StoreFailure(.diskFull, "the disk takes no large message, and \(used) octets are in memory already")
      }
      used += octets
    }
  }

  func giveBack(_ octets: Int) { used.withLock { $0 -= octets } }
}

private final class IncomingMessage: GrowingMessage {
  private enum Place {
    case none
    case file(IncomingFile)
    case memory([UInt8])
  }

  private let folder: String
  private let limits: StoreLimits
  private let allowance: MemoryAllowance
  private let place = Mutex(Place.none)

  init(_ folder: String, _ limits: StoreLimits, _ allowance: MemoryAllowance) {
    self.folder = folder
    self.limits = limits
    self.allowance = allowance
  }

  deinit {
    if case .memory(let octets) = place.withLock({ $0 }) { allowance.giveBack(octets.count) }
  }

  func append(_ octets: [UInt8]) throws {
    try place.withLock { place in
      if case .memory(var kept) = place {
        try allowance.take(octets.count, of: limits.incomingMemory)
        place = .none
        kept += octets
        return place = .memory(kept)
      }
      do { place = .file(try write(octets, place)) } catch {
        let written: [UInt8] = if case .file(let file) = place { try file.slice.octets(0..<file.count) } else { [] }
        try allowance.take(written.count + octets.count, of: limits.incomingMemory)
        place = .memory(written + octets)
      }
    }
  }

  func finish() throws -> Message {
    place.withLock { place in
      switch place {
      case .none: Message([])
      case .file(let file): Message([], tail: file.slice)
      case .memory(let octets): Message(octets)
      }
    }
  }

  private func write(_ octets: [UInt8], _ place: Place) throws -> IncomingFile {
    if let shortage = DiskSpace(path: folder)?.shortage(for: octets.count, limits) { throw shortage }
    let file = if case .file(let file) = place { file } else { try IncomingFile(in: folder) }
    try file.append(octets)
    return file
  }
}
