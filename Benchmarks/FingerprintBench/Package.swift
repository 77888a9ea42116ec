// swift-tools-version: 6.2
import PackageDescription

// A package of its own, so that measuring needs neither sockets nor the database to be built. `package` access does
// not reach into another package: the sources are the project's, through symbolic links.
let settings: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"), .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
]

let package = Package(
  name: "FingerprintBench",
  targets: [
    .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .target(name: "MailMessage", swiftSettings: settings),
    .target(name: "Fingerprint", dependencies: ["MailMessage", "COpenSSL"], swiftSettings: settings),
    .executableTarget(
      name: "FingerprintBench", dependencies: ["Fingerprint", "MailMessage"], swiftSettings: settings),
  ],
  swiftLanguageModes: [.v6]
)
