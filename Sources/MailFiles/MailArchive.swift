package import DedupCore
import Foundation
import HostSystem
import MailMessage

/// Mail stored in files: one mail, an mbox file, a Maildir, or a folder with `.eml` files at any depth. It is read mail
/// by mail, so an mbox may be larger than the memory. Nothing is changed, marked as read, or locked.
package struct MailArchive: Sendable {
  package struct Mail: Sendable {
    /// The path of the file below the folder; in an mbox `FILE:NUMBER`.
    package var name: String
    package var message: [UInt8]
    /// The time at which the mail was stored: the time in the name of a Maildir's file, in the `From ` line of an mbox,
    /// or else that of the file itself; nil for standard input.
    package var storedAt: Timestamp?
  }

  package enum Found: Sendable {
    case mail(Mail)
    /// A file or mail that was skipped: the reason, in words with the name of the file.
    case unreadable(String)
    /// A file with nothing in it, by name.
    case empty(String)
  }

  /// The reason why no mail can be read, in words.
  package struct Failure: Error, CustomStringConvertible {
    /// True if the folder exists, but holds no mail.
    package let isEmpty: Bool
    package let description: String
    /// True if permission was denied.
    package var isPermission = false
  }

  /// The size in octets of the largest mail that is read: more than any relay accepts.
  static let largestMail = 128 << 20

  private let path: String
  private let isFolder: Bool
  /// The paths below the folder, in the order of their bytes, so that two runs can be compared line by line.
  private let names: [String]

  /// - Parameter path: the path of the file or folder; `-` for standard input.
  package init(_ path: String) throws(Failure) {
    self.path = path
    if path != "-", let absence = FileBytes.absence(of: path) { throw Failure(absence) }
    isFolder = path != "-" && Self.isFolder(path)
    if path != "-", let refusal = FileBytes.refusal(of: path, isFolder: isFolder) { throw Failure(refusal) }
    names = isFolder ? try Self.names(below: path) : [path]
  }

  /// Reads all mail, in order.
  ///
  /// - Throws: the error that `body` throws.
  package func forEach(_ body: (Found) throws -> Void) throws {
    for name in names {
      let file = isFolder ? path + "/" + name : name
      var reader = FileReader(name: name, storedAt: Self.time(inName: name, isFolder) ?? FileBytes.modified(file))
      do {
        try FileBytes.forEachPiece(of: file) { piece in
          try reader.read(piece).forEach(body)
          return !reader.isDone
        }
        try reader.finish().forEach(body)
      } catch let failure as FileBytes.Failure {
        try body(.unreadable(failure.description))
      }
    }
  }

  private static func isFolder(_ path: String) -> Bool {
    FileBytes.mode(of: path).map { $0 & S_IFMT == S_IFDIR } ?? false
  }

  private static func names(below folder: String) throws(Failure) -> [String] {
    let files = FileManager.default
    let parts = ["cur", "new"].filter { isFolder("\(folder)/\($0)") }
    for part in parts {
      if let refusal = FileBytes.refusal(of: "\(folder)/\(part)", isFolder: true) { throw Failure(refusal) }
    }
    let names =
      parts.isEmpty
      ? files.enumerator(atPath: folder)?.compactMap { $0 as? String }.filter { $0.hasSuffix(".eml") } ?? []
      : parts.flatMap { part in
        ((try? files.contentsOfDirectory(atPath: "\(folder)/\(part)")) ?? []).filter { !$0.hasPrefix(".") }
          .map { "\(part)/\($0)" }
      }
    guard names.isEmpty else { return names.sorted() }
    throw Failure(
      isEmpty: true,
      description: parts.isEmpty
        ? "there are no .eml files in \(folder), and it is not a Maildir" : "the Maildir \(folder) is empty")
  }

  /// Returns the time in a name like `1795356185.M1P2.host:2,S`, in which a program that delivers into a Maildir writes
  /// the seconds since 1970; nil if there is none.
  private static func time(inName name: String, _ isFolder: Bool) -> Timestamp? {
    guard isFolder, !name.hasSuffix(".eml"), let file = name.split(separator: "/").last,
      let seconds = file.split(separator: ".").first.flatMap({ Int64($0) }), (1...99_999_999_999).contains(seconds)
    else { return nil }
    return Timestamp(seconds: seconds)
  }
}

extension MailArchive.Failure {
  fileprivate init(_ failure: FileBytes.Failure) {
    self.init(isEmpty: false, description: failure.description, isPermission: failure.isPermission)
  }
}

/// The reader of one file: a mail, or an mbox if it begins like one.
private struct FileReader {
  let name: String
  let storedAt: Timestamp?
  private var head: [UInt8] = []
  private var mbox: MboxReader?
  private(set) var isDone = false

  init(name: String, storedAt: Timestamp?) {
    self.name = name
    self.storedAt = storedAt
  }

  mutating func read(_ piece: [UInt8]) -> [MailArchive.Found] {
    if var mbox {
      self.mbox = nil
      defer { self.mbox = mbox }
      return mbox.read(piece).map(found)
    }
    head += piece
    if head.count >= 5, FromLine.isMark(head[...]) {
      mbox = MboxReader(limit: MailArchive.largestMail)
      defer { head = [] }
      return read(head)
    }
    isDone = head.count > MailArchive.largestMail
    return []
  }

  mutating func finish() -> [MailArchive.Found] {
    if mbox != nil { return (mbox?.finish()).map { [found($0)] } ?? [] }
    if isDone { return [.unreadable("\(name) is larger than any mail")] }
    if head.isEmpty { return [.empty(name)] }
    return [.mail(.init(name: name, message: head, storedAt: storedAt))]
  }

  private func found(_ mail: MboxReader.Mail) -> MailArchive.Found {
    let name = "\(name):\(mail.number)"
    if mail.isTooLarge { return .unreadable("\(name) is larger than any mail") }
    let time = mail.storedAt.map(Timestamp.init(seconds:)) ?? storedAt
    return .mail(.init(name: name, message: mail.message, storedAt: time))
  }
}
