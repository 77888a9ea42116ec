// swift-tools-version: 6.2
import PackageDescription

// The layers, lowest first. A target imports only what stands in a layer below it (or, inside a layer, what is
// listed here); `--explicit-target-dependency-import-check error` in the Makefile makes the build refuse the rest.
//
//   0  MailMessage                                          bytes of a mail: addresses, headers, MIME
//   1  SMTPProtocol  Fingerprint  DedupCore                 pure decisions: no socket, clock, log or task
//      RelayMail  DedupConfig  Trial
//   2  EventLog  Listening  SMTPServer  SMTPClient          one kind of I/O each
//      DedupStore  Fleet  ControlAPI  HostSystem            (of MailEncryption: random numbers)
//      MailFiles  MailEncryption
//   3  MailDedup  dedupctl                                  wiring
//   t  MailTestKit                                          imported by tests only

let settings: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
]

let nio = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioEmbedded = Target.Dependency.product(name: "NIOEmbedded", package: "swift-nio")
let nioTLS = Target.Dependency.product(name: "NIOTLS", package: "swift-nio")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let grdbSQLite = Target.Dependency.product(name: "GRDBSQLite", package: "GRDB.swift")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let unixSignals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore = Target.Dependency.product(name: "HummingbirdCore", package: "hummingbird")
let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

func layer(_ name: String, on dependencies: [Target.Dependency]) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

func tests(of name: String, with dependencies: [Target.Dependency] = [], resources: [String] = []) -> Target {
  .testTarget(
    name: name + "Tests", dependencies: [.init(stringLiteral: name), "MailTestKit"] + dependencies,
    exclude: resources, swiftSettings: settings)
}

let package = Package(
  name: "MailDedup",
  products: [
    .executable(name: "maildedup", targets: ["MailDedup"]),
    .executable(name: "dedupctl", targets: ["dedupctl"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-ssl", exact: "2.37.6"),
    .package(url: "https://github.com/groue/GRDB.swift", exact: "7.10.0"),
    .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", exact: "2.13.0"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", exact: "2.28.1"),
    .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
  ],
  targets: [
    .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "CMalloc"),
    .systemLibrary(name: "CChecksum"),
    .systemLibrary(name: "CCrypt", pkgConfig: "libcrypt", providers: [.apt(["libcrypt-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),

    layer("MailMessage", on: []),

    layer("SMTPProtocol", on: ["MailMessage"]),
    layer("Fingerprint", on: ["MailMessage", "COpenSSL"]),
    layer("DedupCore", on: ["MailMessage"]),
    layer("RelayMail", on: ["DedupCore", "MailMessage"]),
    layer("DedupConfig", on: ["DedupCore", "Fingerprint", "MailMessage", "SMTPProtocol"]),
    layer("Trial", on: ["DedupConfig", "DedupCore", "Fingerprint", "MailMessage", "RelayMail"]),

    layer("EventLog", on: [logging]),
    layer("Listening", on: [nio]),
    layer(
      "SMTPServer",
      on: ["CCrypt", "EventLog", "Listening", "SMTPProtocol", "MailMessage", nio, nioPosix, nioTLS, nioSSL, logging]),
    layer(
      "SMTPClient",
      on: ["EventLog", "SMTPProtocol", "DedupCore", "MailMessage", nio, nioPosix, nioTLS, nioSSL, logging]),
    layer("Fleet", on: ["DedupCore", "EventLog", nio, nioPosix, nioTLS, nioSSL, logging]),
    layer(
      "DedupStore",
      on: ["CChecksum", "CZlib", "DedupCore", "EventLog", "MailMessage", "RelayMail", grdb, grdbSQLite, logging]),
    layer("MailEncryption", on: ["COpenSSL", "DedupCore", "MailMessage"]),
    layer("HostSystem", on: ["CMalloc", "DedupCore", "DedupConfig", "RelayMail", "SMTPProtocol"]),
    layer("MailFiles", on: ["DedupCore", "HostSystem", "MailMessage"]),
    layer(
      "ControlAPI",
      on: [
        "DedupCore", "EventLog", "Listening", "MailMessage", "RelayMail", hummingbird, hummingbirdCore, nio, nioPosix,
        nioHTTP1,
        logging,
      ]),

    .executableTarget(
      name: "MailDedup",
      dependencies: [
        "MailMessage", "SMTPProtocol", "Fingerprint", "DedupCore", "DedupConfig", "EventLog", "Listening", "SMTPServer",
        "SMTPClient", "Fleet", "MailFiles", "MailEncryption", "DedupStore", "ControlAPI", "HostSystem", "RelayMail",
        nio, nioPosix, logging, lifecycle, unixSignals, argumentParser,
      ], swiftSettings: settings),
    .executableTarget(
      name: "dedupctl",
      dependencies: [
        "MailMessage", "SMTPProtocol", "Fingerprint", "DedupCore", "DedupConfig", "DedupStore", "ControlAPI",
        "HostSystem", "MailFiles", "RelayMail", "Trial", logging, argumentParser,
      ], swiftSettings: settings),

    layer(
      "MailTestKit",
      on: ["MailMessage", "SMTPProtocol", "DedupCore", "HostSystem", logging, nio, nioPosix, nioSSL]),
    tests(of: "MailMessage"),
    tests(of: "SMTPProtocol", with: ["MailMessage"]),
    tests(of: "Fingerprint", with: ["MailMessage"], resources: ["Corpus"]),
    tests(of: "DedupCore", with: ["MailMessage"]),
    tests(of: "RelayMail", with: ["DedupCore", "MailMessage"], resources: ["Goldens"]),
    tests(of: "DedupConfig", with: ["DedupCore", "Fingerprint", "MailMessage", "SMTPProtocol"]),
    tests(
      of: "SMTPServer", with: ["SMTPProtocol", "MailMessage", nio, nioPosix, nioEmbedded, nioSSL, logging],
      resources: ["Dialogs"]),
    tests(of: "SMTPClient", with: ["SMTPProtocol", "DedupCore", "MailMessage", nio, nioPosix, nioSSL]),
    tests(of: "Fleet", with: ["DedupCore", nio, nioPosix, nioEmbedded, logging]),
    tests(of: "Trial", with: ["DedupConfig", "DedupCore", "Fingerprint", "MailMessage"]),
    tests(of: "DedupStore", with: ["DedupCore", "MailMessage", "RelayMail", "Trial", grdb]),
    tests(of: "HostSystem", with: ["SMTPProtocol"]),
    tests(of: "MailFiles", with: ["DedupCore", "MailMessage"]),
    tests(of: "MailEncryption", with: ["DedupCore", "MailMessage"]),
    tests(of: "ControlAPI", with: ["DedupCore", "RelayMail", nio, nioPosix]),
    tests(of: "dedupctl", with: ["ControlAPI", "DedupCore"]),
    tests(
      of: "MailDedup",
      with: [
        "ControlAPI", "DedupConfig", "DedupCore", "MailMessage", "SMTPProtocol", "DedupStore", "Fingerprint",
        "HostSystem", "MailEncryption", "SMTPServer", logging, lifecycle, nio, nioPosix,
      ]),
  ],
  swiftLanguageModes: [.v6]
)
