import ArgumentParser
import ControlAPI
import Fingerprint
import Foundation
import HostSystem

struct FingerprintCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fingerprint", abstract: "What the relay would make of a mail. Needs neither daemon nor store.",
    discussion: """
      Prints a line for the mail, or for every .eml below a folder: file, fingerprint or PASS, variant, and the error
      or the reason to pass, separated by tabs.
      """)

  @Argument(help: ArgumentHelp("A mail, a folder of .eml files, or - for standard input.", valueName: "file|dir|-"))
  var path: String
  @Flag(help: "Say how the fingerprint came about.")
  var explain = false
  @OptionGroup var format: OutputOptions

  func run() throws {
    let reader = ReportReader()
    for name in try names() {
      let mail = try mail(name)
      if explain {
        try show(reader.explain(mail), of: name)
      } else {
        try show(Row(file: name, reader.judge(mail)))
      }
    }
  }

  private var isFolder: Bool {
    var isDirectory: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) && isDirectory.boolValue
  }

  /// Names below the folder in the order of their bytes, so that two runs can be compared line by line.
  private func names() throws -> [String] {
    guard isFolder else { return [path] }
    let all = FileManager.default.enumerator(atPath: path)?.compactMap { $0 as? String } ?? []
    let mails = all.filter { $0.hasSuffix(".eml") }.sorted()
    if mails.isEmpty { throw CommandFailure(.nothingMatched, "no .eml file stands below \(path)") }
    return mails
  }

  private func mail(_ name: String) throws -> [UInt8] {
    if name == "-" { return Array(FileHandle.standardInput.readDataToEndOfFile()) }
    do {
      return try FileBytes.read(isFolder ? path + "/" + name : name)
    } catch {
      throw CommandFailure(.failure, "\(error)")
    }
  }

  private func show(_ explanation: FingerprintExplanation, of name: String) throws {
    if format.output == .json { return try Output.json(explanation) }
    if isFolder { Output.line("=== \(printable(name))") }
    Output.line(printable(explanation.text, keepingLines: true))
  }

  private func show(_ row: Row) throws {
    if format.output == .json { return try Output.json(row) }
    Output.line(
      [printable(row.file), row.fingerprint ?? "PASS", row.variant ?? "-", printable(row.error ?? row.reason ?? "")]
        .joined(separator: "\t"))
  }

  private struct Row: Encodable {
    var file: String
    var fingerprint: String?
    var variant: String?
    var error: String?
    var place: String?
    var reason: String?

    init(file: String, _ judgement: Judgement) {
      self.file = file
      switch judgement {
      case .notAReport(let reason): self.reason = "pass/\(reason.rawValue)"
      case .unclear(let reason): self.reason = "doubt/\(reason.rawValue)"
      case .report(let report):
        fingerprint = report.fingerprint.text
        variant = report.variant
        error = report.title
        place = report.place
      }
    }
  }
}
