package import DedupCore
import Glibc
import MailMessage
import Synchronization

/// The mail that next hops accepted and the database has not recorded yet, and the offers in progress to next hops with
/// limits, in a small file beside the database.
///
/// A note is written without a sync before the transaction that records the handover, and removed after it. A process
/// that is killed in between leaves it to the next one, which does not send that mail again. A power loss may lose the
/// note (RFC 1047: better twice than never). A failure here never fails the mail: without a note, the mail may be sent
/// twice.
///
/// The file is a row of slots of 4,096 octets, one for each handover in progress: length, CRC-32C, and text. Numbers
/// are little-endian.
final class HandoverNotes: Sendable {
  private struct State {
    var descriptor: CInt
    var slots: [QueueID: Int] = [:]
    /// The free slots. Slots are reused, so the file has as many as the most mails ever in progress at once.
    var free: [Int] = []
    var count = 0
    var found: [Int: HandoverNote] = [:]
  }

  private static let slotOctets = 4096
  private static let header = 8
  /// The limit on slots. There are never more handovers in progress than this.
  private static let mostSlots = 4096
  private let path: String
  private let state: Mutex<State>

  init(path: String) {
    self.path = path
    var state = State(descriptor: open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600))
    if state.descriptor >= 0 { Self.find(&state, path) }
    self.state = Mutex(state)
  }

  deinit { state.withLock { if $0.descriptor >= 0 { _ = Glibc.close($0.descriptor) } } }

  /// The handovers that an earlier process noted but did not record.
  var found: [HandoverNote] { state.withLock { Array($0.found.values) } }

  /// Removes the notes in `found`; call it once they are recorded.
  func forgetFound() {
    state.withLock { state in
      for slot in state.found.keys { clear(slot, &state) }
      state.found = [:]
    }
  }

  /// Notes the recipients that `settlement` lists as delivered, as far as they fit in a slot.
  func note(_ settlement: Settlement) {
    let note = HandoverNote(settlement)
    if !note.delivered.isEmpty { write(note) }
  }

  /// Notes what counts against limits if nobody hears any more what became of it.
  func noteOffer(of entry: QueueID, _ departures: [Departures]) { write(HandoverNote(offerOf: entry, departures)) }

  private func write(_ note: HandoverNote) {
    guard let octets = note.octets(most: Self.slotOctets - Self.header) else { return }
    let number = UInt64(octets.count) | UInt64(Checksum.crc32c(octets)) << 32
    state.withLock { state in
      guard state.descriptor >= 0, let slot = Self.slot(of: note.entry, &state) else { return }
      let frame = (0..<UInt64(Self.header)).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) } + octets
      try? SyncedFile.write(frame, to: state.descriptor, at: slot * Self.slotOctets, of: path)
    }
  }

  /// Removes the note of `entry`, which the database has recorded.
  func forget(_ entry: QueueID) {
    state.withLock { state in
      if let slot = state.slots.removeValue(forKey: entry) { clear(slot, &state) }
    }
  }

  private func clear(_ slot: Int, _ state: inout State) {
    let zeros = [UInt8](repeating: 0, count: Self.slotOctets)
    try? SyncedFile.write(zeros, to: state.descriptor, at: slot * Self.slotOctets, of: path)
    state.free.append(slot)
  }

  private static func slot(of entry: QueueID, _ state: inout State) -> Int? {
    if let slot = state.slots[entry] { return slot }
    let slot: Int
    if let free = state.free.popLast() {
      slot = free
    } else {
      guard state.count < mostSlots else { return nil }
      slot = state.count
      state.count += 1
    }
    state.slots[entry] = slot
    return slot
  }

  private static func find(_ state: inout State, _ path: String) {
    var status = stat()
    guard fstat(state.descriptor, &status) == 0 else { return }
    let size = min(Int(status.st_size), mostSlots * slotOctets)
    guard let octets = try? SyncedFile.read(state.descriptor, at: 0, count: size, of: path) else { return }
    state.count = (size + slotOctets - 1) / slotOctets
    for slot in 0..<state.count {
      let start = slot * slotOctets
      if let note = note(in: octets[start..<min(start + slotOctets, octets.count)]) {
        state.found[slot] = note
      } else {
        state.free.append(slot)
      }
    }
  }

  private static func note(in slot: ArraySlice<UInt8>) -> HandoverNote? {
    let number = slot.prefix(header).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    let count = Int(number & 0xFFFF_FFFF)
    guard count > 0, header + count <= slot.count else { return nil }
    let content = slot.dropFirst(header).prefix(count)
    return Checksum.crc32c(content) == UInt32(number >> 32) ? HandoverNote(content) : nil
  }
}

/// A handover, with as much of its settlement as is needed to not send the mail twice; or an offer, with what it counts
/// for against the limits of next hops.
struct HandoverNote: Hashable, Sendable {
  var entry: QueueID
  /// The number of attempts for the entry, including this one. The database has recorded the handover if its count is
  /// as high.
  var attempts: Int
  /// The time when the recipients that did not get the mail are tried again.
  var nextAttempt: Timestamp
  var delivered: [EmailAddress]
  var departures: [Departures]

  init(_ settlement: Settlement) {
    entry = settlement.entry
    attempts = settlement.attempts
    nextAttempt = settlement.nextAttempt
    delivered = settlement.delivered
    departures = settlement.departures
  }

  init(offerOf entry: QueueID, _ departures: [Departures]) {
    (self.entry, attempts, nextAttempt, delivered) = (entry, Self.offer, Timestamp(milliseconds: 0), [])
    self.departures = departures
  }

  /// The number in the place of attempts that marks an offer.
  private static let offer = -1
  var isOffer: Bool { attempts == Self.offer }

  /// The encoded note: a line of numbers, a line for each departure, an empty line, and a line for each recipient; nil
  /// if it does not fit.
  ///
  /// - Parameter most: the limit in octets; recipients beyond it are left out.
  func octets(most: Int) -> [UInt8]? {
    var text = "\(entry.rawValue) \(attempts) \(nextAttempt.milliseconds)\n"
    for departure in departures {
      text += "\(departure.minute) \(departure.ordinary) \(departure.other) \(departure.nextHop)\n"
    }
    var octets = Array((text + "\n").utf8)
    for recipient in delivered {
      let line = Array((recipient.text + "\n").utf8)
      guard octets.count + line.count <= most else { break }
      octets += line
    }
    return octets.count <= most ? octets : nil
  }

  init?(_ octets: ArraySlice<UInt8>) {
    let lines = String(decoding: octets, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
    let numbers = lines[0].split(separator: " ").compactMap { Int64($0) }
    guard numbers.count == 3, let attempts = Int(exactly: numbers[1]), let gap = lines.firstIndex(of: "") else {
      return nil
    }
    entry = QueueID(rawValue: numbers[0])
    self.attempts = attempts
    nextAttempt = Timestamp(milliseconds: numbers[2])
    departures = lines[1..<gap].compactMap(Self.departures)
    delivered = lines[(gap + 1)...].filter { !$0.isEmpty }.map { EmailAddress(String($0)) }
  }

  private static func departures(_ line: Substring) -> Departures? {
    let parts = line.split(separator: " ", maxSplits: 3)
    guard parts.count == 4, let minute = Int64(parts[0]), let ordinary = Int(parts[1]), let other = Int(parts[2]) else {
      return nil
    }
    return Departures(nextHop: String(parts[3]), minute: minute, ordinary: ordinary, other: other)
  }

  /// The settlement that the note stands for.
  var settling: Settling {
    Settling(
      settlement: Settlement(
        ofRecalled: entry, delivered: delivered, attempts: attempts, nextAttempt: nextAttempt, departures: departures),
      delayNoticeSent: false)
  }
}

extension Batch {
  /// Records a handover unless it was recorded already: a note outlives its transaction for a moment.
  fileprivate func recall(_ note: HandoverNote) throws -> Bool {
    if note.isOffer {
      for departure in note.departures { try DepartureTable.add(departure, db) }
      return false
    }
    guard let attempts = try QueueTable.attempts(note.entry, db), attempts < note.attempts else { return false }
    try settle(note.settling, noticeFile: nil)
    return true
  }
}

extension SQLiteStore {
  /// Notes an offer before a mail is offered to next hops with limits, with all that it may count for. If the process is
  /// killed before the offer is settled, it counts (`recallHandovers`), whatever its outcome was.
  package func noteOffer(of entry: QueueID, _ departures: [Departures]) { handovers.noteOffer(of: entry, departures) }

  /// Forgets an offer that ended without anything to settle.
  package func forgetOffer(of entry: QueueID) { handovers.forget(entry) }

  /// Records the handovers of a process that was killed. Call it before anything is delivered.
  ///
  /// - Returns: the number of mails concerned.
  package func recallHandovers() async throws(StoreFailure) -> Int {
    let found = handovers.found
    if found.isEmpty { return 0 }
    let count = try await commit { batch in try found.count { try batch.recall($0) } }
    handovers.forgetFound()
    return count
  }
}
