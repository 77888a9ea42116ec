import DedupCore
import Foundation
import MailTestKit
import Testing

@testable import MailFiles

@Suite("Mail archives") struct MailArchiveTests {
  /// A folder with these files, which were last changed 50 seconds after the epoch.
  private func folder(_ files: [String: String]) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    for (name, content) in files {
      let file = try folder.write(content, to: name)
      try FileManager.default.setAttributes([.modificationDate: Date(timeIntervalSince1970: 50)], ofItemAtPath: file)
    }
    return folder
  }

  /// `name@seconds text`, and what was skipped.
  private func read(_ path: String) throws -> (mails: [String], skipped: [String]) {
    var mails: [String] = []
    var skipped: [String] = []
    try MailArchive(path).forEach { found in
      switch found {
      case .mail(let mail):
        let text = String(decoding: mail.message, as: UTF8.self).trimmingCharacters(in: .newlines)
        mails.append("\(mail.name.replacing(path, with: "."))@\(mail.storedAt?.seconds ?? 0) \(text)")
      case .empty(let name): skipped.append(name)
      case .unreadable(let why): skipped.append(why.replacing(path, with: "."))
      }
    }
    return (mails, skipped)
  }

  @Test("a Maildir: read mails and new ones, by the times in their names; what is on its way in is none")
  func maildir() throws {
    let folder = try self.folder([
      "cur/1795356185.M1P2.host,S=3:2,S": "A: a\n", "new/1795356186.M1P2.host": "B: b\n", "new/odd": "C: c\n",
      "new/.hidden": "x", "tmp/1795356187.M1P2.host": "half", "inside.eml": "x",
    ])
    let found = try read(folder.path)
    #expect(
      found.mails == [
        "cur/1795356185.M1P2.host,S=3:2,S@1795356185 A: a", "new/1795356186.M1P2.host@1795356186 B: b",
        "new/odd@50 C: c",
      ])
    #expect(found.skipped == [])
  }

  @Test("a folder of .eml files, at any depth; one of them may be an mbox")
  func folder() throws {
    let folder = try self.folder([
      "b.eml": "B: b\n", "a/1.eml": "A: a\n", "note.txt": "x", "empty.eml": "",
      "c.eml": "From a Sun Nov 22 14:03:05 2026\nC: c\n\nFrom b Sun Nov 22 14:03:06 2026\nD: d\n",
    ])
    try FileManager.default.createDirectory(atPath: folder.path + "/folder.eml", withIntermediateDirectories: true)
    let found = try read(folder.path)
    #expect(
      found.mails == ["a/1.eml@50 A: a", "b.eml@50 B: b", "c.eml:1@1795356185 C: c", "c.eml:2@1795356186 D: d"])
    #expect(found.skipped == ["empty.eml", "cannot read ./folder.eml: Is a directory"])
  }

  @Test("one mail, and an mbox of more than one piece")
  func files() throws {
    let large = String(repeating: "x", count: 70_000)
    let mark = "From a Sun Nov 22 14:03:05 2026\n"
    let folder = try self.folder(["one": "A: a\n", "box": "\(mark)A: \(large)\n\n\(mark)B: b\n"])
    #expect(try read(folder.path + "/one").mails == [".@50 A: a"])
    #expect(try read(folder.path + "/box").mails == [".:1@1795356185 A: \(large)", ".:2@1795356185 B: b"])
  }

  @Test("what is not there and what holds no mail is told apart")
  func nothing() throws {
    let folder = try self.folder(["note.txt": "x"])
    #expect(throws: MailArchive.Failure.self) { try MailArchive(folder.path + "/gone") }
    do {
      _ = try MailArchive(folder.path)
      Issue.record("there is no mail")
    } catch { #expect(error.isEmpty && error.description.contains("no .eml file")) }
  }
}
