// swift-tools-version: 6.2
import PackageDescription

// A package of its own, so that fuzzing needs neither sockets nor the database to be built. `package` access does not
// reach into another package: the sources are the project's, through symbolic links. `Scripts/fuzz` builds and runs it.
let settings: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"), .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .unsafeFlags(["-sanitize=fuzzer,address"]),
]
// libFuzzer brings the main function.
let fuzzed: [SwiftSetting] = settings + [.unsafeFlags(["-parse-as-library"])]
let linked: [LinkerSetting] = [.unsafeFlags(["-sanitize=fuzzer,address"])]

let package = Package(
  name: "Fuzz",
  targets: [
    .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .target(name: "MailMessage", swiftSettings: settings),
    .target(name: "Fingerprint", dependencies: ["MailMessage", "COpenSSL"], swiftSettings: settings),
    .target(name: "SMTPProtocol", dependencies: ["MailMessage"], swiftSettings: settings),
    .executableTarget(
      name: "FuzzFingerprint", dependencies: ["Fingerprint"], swiftSettings: fuzzed, linkerSettings: linked),
    .executableTarget(
      name: "FuzzHostile", dependencies: ["Fingerprint"], swiftSettings: fuzzed, linkerSettings: linked),
    .executableTarget(
      name: "FuzzSession", dependencies: ["SMTPProtocol", "MailMessage"], swiftSettings: fuzzed, linkerSettings: linked),
  ],
  swiftLanguageModes: [.v6]
)
