package import DedupCore
import Foundation
import Glibc
import Synchronization

/// A file of a fixed size beside the database that takes counts while the disk takes nothing else: its room was
/// allocated, and written, before it was needed.
///
/// Promises: `add` returns once the count survives a power loss. An added count stays until the store has it: the
/// import and the note of its progress are one transaction of the store, so a crash counts nothing twice.
///
/// The file has 16 octets of header (magic, generation), then frames of length, CRC-32C and content; an unused frame
/// has length zero. A frame's checksum covers the generation too, so nothing of an earlier use counts. Numbers are
/// little-endian.
package final class CountReserve: Sendable {
  /// The progress of an import: everything before `end` of a generation.
  package struct Position: Hashable, Sendable {
    var generation: UInt64
    package var end: Int

    /// The position as the store keeps it, `generation:end`.
    var text: String { "\(generation):\(end)" }

    init(generation: UInt64, end: Int) { (self.generation, self.end) = (generation, end) }

    init?(_ text: String) {
      let parts = text.split(separator: ":")
      guard parts.count == 2, let generation = UInt64(parts[0]), let end = Int(parts[1]) else { return nil }
      self.init(generation: generation, end: end)
    }
  }

  /// The counts that wait for the import, by error.
  package struct Content: Sendable {
    package var errors: [(error: ReservedError, arrivals: [ReservedArrival])] = []
    package var position: Position
  }

  /// The place of one counted mail, for `correct`.
  package struct Place: Hashable, Sendable {
    fileprivate var generation: UInt64
    fileprivate var number: Int
  }

  private struct State {
    var descriptor: CInt = -1
    var generation: UInt64 = 1
    var end = CountReserve.headerOctets
    var errors: [ReservedError] = []
    var numbers: [ReservedError.Key: Int] = [:]
    /// The frames that count a mail: their ranges in the file, and the errors that they belong to.
    var arrivals: [(range: Range<Int>, error: Int, arrival: ReservedArrival)] = []
    /// The mails for which the answer of the next hop is not known yet: the import leaves them for later.
    var underway: Set<Int> = []
  }

  static let headerOctets = 16
  private static let magic: [UInt8] = Array("MDRSRV1\n".utf8)
  private static let frameHeader = 8
  private let path: String
  private let octets: Int
  private let state: Mutex<State>

  private static let most = 4 << 20
  private static let least = 64 << 10

  /// Opens or creates the file `reserve` in the directory of the store: 4 MiB, or a fortieth of a small file system,
  /// and at least 64 KiB. Throws if the disk has no room for it or does not allow it.
  package convenience init(directory: String) throws(StoreFailure) {
    let room = DiskSpace(path: directory)?.reserve(of: Self.most, part: 40) ?? Self.most
    try self.init(path: directory + "/reserve", octets: room)
  }

  /// Opens or creates a reserve.
  ///
  /// - Parameter octets: the size of the file; an existing larger file keeps its size.
  init(path: String, octets: Int) throws(StoreFailure) {
    self.path = path
    self.octets = max(octets, Self.least)
    state = Mutex(try Faults.translated { try Self.opened(path, max(octets, Self.least)) })
  }

  deinit { state.withLock { _ = Glibc.close($0.descriptor) } }

  /// The octets left for counts.
  package var left: Int { octets - state.withLock { $0.end } }

  package var isEmpty: Bool { state.withLock { $0.arrivals.isEmpty } }

  /// Returns all counted mails, for the windows of a new process.
  package func all() -> [(ReservedError.Key, ReservedArrival)] {
    state.withLock { state in state.arrivals.map { (state.errors[$0.error].key, $0.arrival) } }
  }

  /// Counts one mail of `error`. Blocks until that is synced.
  ///
  /// - Parameter error: written with its first mail; errors take three quarters of the file at most, so that known ones
  ///   can still be counted.
  /// - Throws: `.diskFull` if the reserve is used up.
  /// - Returns: the place of the mail. A mail that is `.offered` has to be corrected once its outcome is known.
  @discardableResult
  package func add(_ arrival: ReservedArrival, of error: ReservedError) throws(StoreFailure) -> Place {
    try state.withLock { state throws(StoreFailure) in
      try Faults.translated {
        var number = state.numbers[error.key]
        if number == nil {
          let content = [1] + [UInt8](try JSONEncoder().encode(error))
          guard state.end + Self.frameHeader + content.count <= octets / 4 * 3 else { throw Self.usedUp(path) }
          try append(content, &state, syncs: false)
          state.errors.append(error)
          number = state.errors.count - 1
          state.numbers[error.key] = number
        }
        let index = number ?? 0
        let content =
          [2, arrival.fate.rawValue] + Self.octets(UInt64(index))
          + Self.octets(UInt64(bitPattern: arrival.at.milliseconds))
        let begin = state.end
        try append(content, &state, syncs: true)
        state.arrivals.append((begin..<state.end, index, arrival))
        let place = Place(generation: state.generation, number: state.arrivals.count - 1)
        if arrival.fate == .offered { state.underway.insert(place.number) }
        return place
      }
    }
  }

  /// Records the outcome of a mail that was `.offered`. If that cannot be written, this process still knows it; after a
  /// crash the mail counts as offered.
  package func correct(_ place: Place, to fate: ReservedArrival.Fate) {
    state.withLock { state in
      // Nothing is cleared while the mail is being offered, so the generation is the same.
      guard place.generation == state.generation, state.underway.remove(place.number) != nil else { return }
      state.arrivals[place.number].arrival.fate = fate
      let content = [3, fate.rawValue] + Self.octets(UInt64(place.number))
      // A disk that fails intermittently is asked more than once.
      for _ in 1...3 where (try? append(content, &state, syncs: true)) != nil { return }
    }
  }

  /// Returns the counts that the store does not have yet; nil if there are none.
  ///
  /// - Parameter imported: the progress of the last import; nil if there was none.
  package func content(after imported: Position?) -> Content? {
    state.withLock { state in
      let done = imported?.generation == state.generation ? imported?.end ?? 0 : 0
      let end = state.underway.map { state.arrivals[$0].range.lowerBound }.min() ?? state.end
      let waiting = state.arrivals.filter { $0.range.upperBound > done && $0.range.upperBound <= end }
      guard !waiting.isEmpty else { return nil }
      let byError = Dictionary(grouping: waiting, by: \.error)
      return Content(
        errors: byError.sorted { $0.key < $1.key }.map { (state.errors[$0.key], $0.value.map(\.arrival)) },
        position: Position(generation: state.generation, end: end))
    }
  }

  /// Starts a new generation, if nothing was added since `position`.
  package func clear(upTo position: Position) throws(StoreFailure) {
    try state.withLock { state throws(StoreFailure) in
      guard position.generation == state.generation, position.end == state.end else { return }
      try Faults.translated {
        let generation = state.generation + 1
        try Self.write(Self.magic + Self.octets(generation), to: state.descriptor, at: 0, of: path)
        guard fdatasync(state.descriptor) == 0 else { throw FileFault("sync", path) }
        state = State(descriptor: state.descriptor, generation: generation)
      }
    }
  }

  private func append(_ content: [UInt8], _ state: inout State, syncs: Bool) throws {
    let size = Self.frameHeader + content.count
    guard state.end + size <= octets else { throw Self.usedUp(path) }
    let checksum = Checksum.crc32c(Self.octets(state.generation) + content)
    let frame = Self.octets(UInt64(content.count) | UInt64(checksum) << 32) + content
    try Self.write(frame, to: state.descriptor, at: state.end, of: path)
    if syncs, fdatasync(state.descriptor) != 0 {
      let fault = FileFault("sync", path)
      // A frame that was never reported must not count after a crash. A disk that fails intermittently is asked more
      // than once.
      let nothing = [UInt8](repeating: 0, count: Self.frameHeader)
      for _ in 1...3 where (try? Self.write(nothing, to: state.descriptor, at: state.end, of: path)) != nil { break }
      throw fault
    }
    state.end += size
  }

  private static func usedUp(_ path: String) -> StoreFailure {
    StoreFailure(.diskFull, "the reserve for counts in \(path) is used up; free some space")
  }
}

// The file.
extension CountReserve {
  private static func opened(_ path: String, _ octets: Int) throws -> State {
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw FileFault("open", path) }
    do {
      var status = stat()
      guard fstat(descriptor, &status) == 0 else { throw FileFault("look at", path) }
      if status.st_size < octets { try allocate(descriptor, from: Int(status.st_size), to: octets, path) }
      return try read(descriptor, octets, path)
    } catch {
      close(descriptor)
      throw error
    }
  }

  /// Fills the file with zeros: room that was only promised may need more room when it is used.
  private static func allocate(_ descriptor: CInt, from size: Int, to octets: Int, _ path: String) throws {
    let piece = [UInt8](repeating: 0, count: 64 << 10)
    var position = size
    while position < octets {
      let part = Array(piece.prefix(octets - position))
      try write(part, to: descriptor, at: position, of: path)
      position += part.count
    }
    if size == 0 { try write(magic + Self.octets(1), to: descriptor, at: 0, of: path) }
    guard fsync(descriptor) == 0 else { throw FileFault("sync", path) }
    try StoreFiles.syncDirectory(String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)]))
  }

  private static func read(_ descriptor: CInt, _ octets: Int, _ path: String) throws -> State {
    let bytes = try SyncedFile.read(descriptor, at: 0, count: octets, of: path)
    var state = State(descriptor: descriptor)
    guard bytes.starts(with: magic) else {
      try write(magic + Self.octets(1), to: descriptor, at: 0, of: path)
      return state
    }
    state.generation = number(bytes[8..<16])
    while let content = frame(bytes, at: state.end, state.generation), take(content, &state) {}
    return state
  }

  private static func frame(_ bytes: [UInt8], at position: Int, _ generation: UInt64) -> ArraySlice<UInt8>? {
    guard position + frameHeader <= bytes.count else { return nil }
    let header = number(bytes[position..<(position + frameHeader)])
    let count = Int(header & 0xFFFF_FFFF)
    let start = position + frameHeader
    guard count > 0, start + count <= bytes.count else { return nil }
    let content = bytes[start..<(start + count)]
    return Checksum.crc32c(Self.octets(generation) + content) == UInt32(header >> 32) ? content : nil
  }

  private static func take(_ content: ArraySlice<UInt8>, _ state: inout State) -> Bool {
    let end = state.end + frameHeader + content.count
    let body = content.dropFirst()
    switch content.first {
    case 1:
      guard let error = try? JSONDecoder().decode(ReservedError.self, from: Data(body)) else { return false }
      state.errors.append(error)
      state.numbers[error.key] = state.errors.count - 1
    case 2:
      guard body.count == 17, let fate = body.first.flatMap({ ReservedArrival.Fate(rawValue: $0) }) else {
        return false
      }
      let index = number(body.dropFirst().prefix(8))
      guard index < state.errors.count else { return false }
      let at = Timestamp(milliseconds: Int64(bitPattern: number(body.dropFirst(9))))
      state.arrivals.append((state.end..<end, Int(index), ReservedArrival(at: at, fate: fate)))
    case 3:
      guard body.count == 9, let fate = body.first.flatMap({ ReservedArrival.Fate(rawValue: $0) }) else { return false }
      let place = number(body.dropFirst())
      guard place < state.arrivals.count else { return false }
      state.arrivals[Int(place)].arrival.fate = fate
    default: return false
    }
    state.end = end
    return true
  }

  private static func octets(_ number: UInt64) -> [UInt8] {
    (0..<8).map { UInt8(truncatingIfNeeded: number >> UInt64($0 * 8)) }
  }

  private static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 {
    bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  private static func write(_ bytes: [UInt8], to descriptor: CInt, at offset: Int, of path: String) throws {
    try SyncedFile.write(bytes, to: descriptor, at: offset, of: path)
  }
}
