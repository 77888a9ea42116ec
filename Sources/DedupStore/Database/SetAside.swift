package import DedupCore
import Foundation
import Glibc

/// A database that is no longer used and is kept for the admin. We never remove or overwrite one.
package struct SetAsideDatabase: Hashable, Sendable {
  package var path: String
  package var at: Timestamp
}

extension StoreFiles {
  private static let companions = ["-wal", "-shm"]
  private static let causes = [StoreReplacement.Cause.damaged, .removed]
  private static let timeFormat = Date.ISO8601FormatStyle(dateSeparator: .omitted, timeSeparator: .omitted)

  /// The databases that were set aside and not removed since, oldest first; none if the directory cannot be read.
  var setAside: [SetAsideDatabase] {
    let names = (try? SyncedFile.names(in: directory)) ?? []
    return names.compactMap(setAside).sorted { ($0.at, $0.path) < ($1.at, $1.path) }
  }

  /// Renames the database and its companion files, as far as they exist, to `place`.
  func setAside(to place: String) throws {
    for companion in [""] + Self.companions { try move(database + companion, to: place + companion) }
    try Self.syncDirectory(directory)
  }

  /// Removes companion files of databases that were set aside and are gone: the admin removed the database, or there
  /// was none when its name was looked for. A WAL is unreadable without its database.
  func removeStrayCompanions() {
    for name in (try? SyncedFile.names(in: directory)) ?? [] {
      guard let companion = Self.companions.first(where: name.hasSuffix), name.hasPrefix("dedup.sqlite.") else {
        continue
      }
      let database = name.dropLast(companion.count)
      let isAside = Self.causes.contains { database.hasPrefix("dedup.sqlite.\($0.rawValue)-") }
      guard isAside, access("\(directory)/\(database)", F_OK) != 0, errno == ENOENT else { continue }
      unlink("\(directory)/\(name)")
    }
  }

  /// Returns a name that is not in use.
  func placeAside(for cause: StoreReplacement.Cause, at now: Timestamp) -> String {
    let time = Date(timeIntervalSince1970: Double(now.seconds)).formatted(Self.timeFormat)
    let place = "\(database).\(cause.rawValue)-\(time)"
    let places = [place] + (2...999).map { "\(place)-\($0)" }
    return places.first { place in ([""] + Self.companions).allSatisfy { access(place + $0, F_OK) != 0 } } ?? place
  }

  private func move(_ path: String, to place: String) throws {
    guard rename(path, place) == 0 || errno == ENOENT else { throw FileFault("rename", path) }
  }

  private func setAside(_ name: String) -> SetAsideDatabase? {
    for cause in Self.causes {
      let prefix = "dedup.sqlite.\(cause.rawValue)-"
      guard name.hasPrefix(prefix), !Self.companions.contains(where: name.hasSuffix) else { continue }
      let time = name.dropFirst(prefix.count).prefix { $0 != "-" }
      guard let date = try? Self.timeFormat.parse(String(time)) else { continue }
      let at = Timestamp(seconds: Int64(date.timeIntervalSince1970))
      return SetAsideDatabase(path: directory + "/" + name, at: at)
    }
    return nil
  }
}
