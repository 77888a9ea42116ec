// swift-tools-version: 6.2
import PackageDescription

// A package of its own, so that nothing of the relay but the judging is in it. `package` access does not reach into
// another package: those sources are the project's, through symbolic links.
let settings: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"), .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
]

let package = Package(
  name: "StormFloor",
  dependencies: [.package(url: "https://github.com/apple/swift-nio", exact: "2.101.2")],
  targets: [
    .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
    .target(name: "MailMessage", swiftSettings: settings),
    .target(name: "Fingerprint", dependencies: ["MailMessage", "COpenSSL"], swiftSettings: settings),
    .executableTarget(
      name: "StormFloor",
      dependencies: [
        "CSQLite", "Fingerprint", .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
      ], swiftSettings: settings),
  ],
  swiftLanguageModes: [.v6]
)
