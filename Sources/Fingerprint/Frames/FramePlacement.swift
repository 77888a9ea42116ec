import MailMessage

/// The owner of a frame's code.
enum Place: String, Sendable, Codable {
  case application, library, runtime
}

/// A frame with its place and the path of its module, without what a deploy, a virtualenv or a host changes.
struct PlacedFrame: Sendable, Equatable {
  var place: Place
  /// The path of the module below its root: `shop/pricing.py`, `django/db/models/query.py`.
  var module: Range<Int>
  /// The reason for its place.
  var reason: PlacementReason
  /// The first directory of `module`, or the module itself.
  var package: Range<Int>
  /// True for code that every request or command goes through and that says nothing about the error.
  var isPlumbing = false
  /// True if the frame only calls what it was handed: then it is plumbing if the called code failed.
  var isDispatcher = false
}

/// The reason for a frame's place, as shown by `explain`.
enum PlacementReason: String, Sendable, Codable {
  case generatedCode = "generated code, no file"
  case sitePackages = "below site-packages or dist-packages"
  case packagedApplication = "installed package, but it is the site's own"
  case standardLibrary = "standard library of Python"
  case knownLibrary = "a known library outside of site-packages"
  case script = "start script"
  case extensionModule = "compiled module without a directory"
  case pythonPath = "below an entry of Python Path"
  case projectRoot = "below the directory of manage.py"
  case guessedRoot = "no library, root guessed from the path"
  case relativePath = "relative path"
}

/// Decides whose code a frame is, from the contents of the mail itself.
struct FramePlacement {
  /// The entries of `sys.path`, as Django prints them.
  private let pythonPath: [Range<Int>]
  /// The top packages that are the site's own wherever they are installed: those of the settings module, of
  /// `Raised during` and of management commands. Debian ships Django applications in dist-packages.
  private var ownPackages: [Range<Int>] = []
  /// The directory of `manage.py`.
  private var projectRoot: Range<Int>?
  private let known: ArraySlice<String>
  private let algorithm: Algorithm

  /// Prepares the placement of a traceback's frames.
  ///
  /// - Parameter known: packages that earlier reports of the site listed as its own. Only used if the mail has no
  ///   report that lists them itself.
  init(
    _ text: borrowing Span<UInt8>, frames: [TracebackFrame], report: DjangoReport?, known: ArraySlice<String> = [],
    algorithm: Algorithm = .current
  ) {
    self.algorithm = algorithm
    self.known = known
    pythonPath = report?.pythonPath ?? []
    if let module = report?.settingsModule { addOwnPackage(text, ModulePath.topOfDotted(text, module)) }
    if let view = report?.raisedDuring { addOwnPackage(text, ModulePath.topOfDotted(text, view)) }
    // Evaluated once: in the loop, the report would be copied for each frame.
    let isPlain = report == nil
    for frame in frames {
      if projectRoot == nil { projectRoot = Self.directoryOfManagePy(text, frame.file) }
      if isPlain, let package = Self.packageOfCommand(text, frame.file) { addOwnPackage(text, package) }
    }
  }

  /// Adds the site's own packages: those in the list of its applications, or, without a list, those that the way its
  /// code is installed suggests. Only called if a frame's package has no known owner, which most tracebacks do not
  /// need.
  private mutating func addApplications(
    _ text: borrowing Span<UInt8>, _ frames: [TracebackFrame], _ report: DjangoReport?
  ) {
    let applications = report.map { InstalledApplications.packages(text, behind: $0.pythonPath.last) } ?? []
    for package in applications where !KnownLibraries.isLibrary(text, package) && !isOwn(text, package) {
      ownPackages.append(package)
    }
    if report == nil { addKnown(text, frames) }
    if applications.isEmpty { addInstalledCode(text, frames) }
  }

  private mutating func addKnown(_ text: borrowing Span<UInt8>, _ frames: [TracebackFrame]) {
    guard !known.isEmpty else { return }
    let names = Set(known.map { Array($0.utf8) })
    for frame in frames {
      guard let module = ModulePath.installed(text, frame.file) else { continue }
      let package = ModulePath.top(text, module)
      if ownPackages.last.map({ text.same($0, package) }) != true, names.contains(FamilySubject.copy(text, package)) {
        addOwnPackage(text, package)
      }
    }
  }

  private mutating func addOwnPackage(_ text: borrowing Span<UInt8>, _ name: Range<Int>) {
    guard !name.isEmpty, !KnownLibraries.contains(text, name), !isOwn(text, name) else { return }
    ownPackages.append(name)
  }

  /// Adds unknown packages as the site's own if nothing lists the site's applications and all of its code seems to be
  /// installed with pip.
  private mutating func addInstalledCode(_ text: borrowing Span<UInt8>, _ frames: [TracebackFrame]) {
    var unknown: [Range<Int>] = []
    // A traceback that long is a loop.
    for frame in frames.prefix(200) {
      guard let module = ModulePath.installed(text, frame.file) else {
        if isOutside(text, frame) { return }
        continue
      }
      let package = ModulePath.top(text, module)
      guard !KnownLibraries.isLibrary(text, package), !unknown.contains(where: { text.same($0, package) }) else {
        continue
      }
      unknown.append(package)
    }
    for package in unknown.prefix(32) { addOwnPackage(text, package) }
  }

  /// True for code of the site's own that is not installed: not Python's, no start script, not the lines that pass a
  /// call on to Django.
  private func isOutside(_ text: borrowing Span<UInt8>, _ frame: TracebackFrame) -> Bool {
    var placed = locate(text, frame.file)
    guard placed.place == .application else { return false }
    placed.package = ModulePath.top(text, placed.module)
    return !KnownLibraries.contains(text, placed.package)
      && !Plumbing.isPlumbing(text, frame, module: placed.module)
  }

  private static func directoryOfManagePy(_ text: borrowing Span<UInt8>, _ file: Range<Int>) -> Range<Int>? {
    guard file.count > 10, text.has("manage.py", at: file.upperBound - 9, before: file.upperBound),
      ModulePath.isSeparator(text[file.upperBound - 10])
    else { return nil }
    return file.lowerBound..<(file.upperBound - 10)
  }

  /// Returns `debusine` for `…/dist-packages/debusine/db/management/commands/vacuum.py`, and nil for other files.
  private static func packageOfCommand(_ text: borrowing Span<UInt8>, _ file: Range<Int>) -> Range<Int>? {
    guard text.firstIndex(of: "/management/commands/", in: file) != nil,
      let installed = ModulePath.installed(text, file)
    else { return nil }
    return ModulePath.top(text, installed)
  }

  /// Places all frames of a traceback.
  static func places(
    _ text: borrowing Span<UInt8>, _ traceback: Traceback, report: DjangoReport?, known: ArraySlice<String> = [],
    algorithm: Algorithm = .current
  ) -> [PlacedFrame] {
    var placement = FramePlacement(
      text, frames: traceback.frames, report: report, known: known, algorithm: algorithm)
    var placed: [PlacedFrame] = []
    placed.reserveCapacity(traceback.frames.count)
    for frame in traceback.frames { placed.append(placement.place(text, frame)) }
    func isNobodys(_ frame: PlacedFrame) -> Bool {
      frame.reason == .sitePackages && !KnownLibraries.contains(text, frame.package)
    }
    if algorithm.knowsDeployments, placed.contains(where: isNobodys) {
      placement.addApplications(text, traceback.frames, report)
      for index in placed.indices where placed[index].reason == .sitePackages {
        placed[index] = placement.place(text, traceback.frames[index])
      }
    }
    // An innermost dispatcher failed itself, so it is not plumbing.
    for link in traceback.links {
      for index in link.frames.dropLast() where placed[index].isDispatcher { placed[index].isPlumbing = true }
    }
    return placed
  }

  /// Places one frame.
  func place(_ text: borrowing Span<UInt8>, _ frame: TracebackFrame) -> PlacedFrame {
    let file = frame.file
    var placed = locate(text, file)
    placed.package = ModulePath.top(text, placed.module)
    if placed.place == .application {
      if KnownLibraries.contains(text, placed.package), !isOwn(text, placed.package) {
        placed.place = .library
        placed.reason = .knownLibrary
      } else {
        placed.isPlumbing = Plumbing.isPlumbing(text, frame, module: placed.module)
        placed.isDispatcher = algorithm.knowsDeployments && Plumbing.isDispatcher(text, frame.source)
      }
    } else if placed.place == .library {
      placed.isPlumbing = KnownLibraries.isInstrumentation(text, placed.package)
    }
    return placed
  }

  private func isOwn(_ text: borrowing Span<UInt8>, _ package: Range<Int>) -> Bool {
    for own in ownPackages where text.same(own, package) { return true }
    return false
  }

  private func locate(_ text: borrowing Span<UInt8>, _ file: Range<Int>) -> PlacedFrame {
    func placed(_ place: Place, _ module: Range<Int>, _ reason: PlacementReason) -> PlacedFrame {
      PlacedFrame(place: place, module: module, reason: reason, package: module)
    }
    guard file.count > 0, text[file.lowerBound] != UInt8(ascii: "<") else {
      return placed(.runtime, file, .generatedCode)
    }
    if let module = ModulePath.installed(text, file) {
      return isOwn(text, ModulePath.top(text, module))
        ? placed(.application, module, .packagedApplication) : placed(.library, module, .sitePackages)
    }
    if let module = ModulePath.standardLibrary(text, file) { return placed(.runtime, module, .standardLibrary) }
    if let module = ModulePath.script(text, file, readsNix: algorithm.knowsDeployments) {
      return placed(.library, module, .script)
    }
    if let root = longestPathEntry(text, file) { return placed(.application, root, .pythonPath) }
    if let root = projectRoot, let module = ModulePath.below(text, root, file) {
      return placed(.application, module, .projectRoot)
    }
    guard ModulePath.isAbsolute(text, file) else {
      return ModulePath.isCompiled(text, file)
        ? placed(.library, file, .extensionModule)
        : placed(.application, ModulePath.withoutDot(text, file), .relativePath)
    }
    return placed(.application, ModuleRoot.guess(text, file), .guessedRoot)
  }

  private func longestPathEntry(_ text: borrowing Span<UInt8>, _ file: Range<Int>) -> Range<Int>? {
    var best: Range<Int>?
    for entry in pythonPath where entry.count > 1 {
      guard let module = ModulePath.below(text, entry, file) ?? ModulePath.belowEscaped(text, entry, file) else {
        continue
      }
      if module.count < best?.count ?? Int.max { best = module }
    }
    return best
  }
}

/// Recognises frames of the application that every request or command goes through.
enum Plumbing {
  static func isPlumbing(_ text: borrowing Span<UInt8>, _ frame: TracebackFrame, module: Range<Int>) -> Bool {
    if text.firstIndex(of: "execute_from_command_line(", in: frame.source) != nil { return true }
    // A middleware that only calls the next one: `response = self.get_response(request)`.
    if text.firstIndex(of: "get_response(request)", in: frame.source) != nil { return true }
    // A decorator or wrapper that passes everything on: `return view(request, *args, **kwargs)`.
    guard text.firstIndex(of: "*args, **kw", in: frame.source) != nil else { return false }
    return isWrapperName(text, frame.function)
  }

  /// True if the line only calls what it was handed: `response = receiver(signal=self, sender=sender, **named)`,
  /// `return func(*args, **kwargs)`, `getattr(self, name)(value)`. The called code is what fails.
  static func isDispatcher(_ text: borrowing Span<UInt8>, _ source: Range<Int>) -> Bool {
    let call = called(text, source)
    guard let open = text.firstIndex(of: UInt8(ascii: "("), in: call), let last = call.last,
      text[last] == UInt8(ascii: ")")
    else { return false }
    if text.has("getattr(", at: call.lowerBound, before: call.upperBound) {
      return text.firstIndex(of: ")(", in: call) != nil
    }
    var name = call.lowerBound..<open
    if text.has("self.", at: name.lowerBound, before: name.upperBound) { name = name.lowerBound + 5..<name.upperBound }
    while let first = name.first, text[first] == UInt8(ascii: "_") { name = first + 1..<name.upperBound }
    return handed.contains { text.equals(name, $0) }
  }

  /// Returns `receiver(…)` for `return receiver(…)`, `response = await receiver(…)`.
  private static func called(_ text: borrowing Span<UInt8>, _ source: Range<Int>) -> Range<Int> {
    var start = source.lowerBound
    let end = Swift.min(source.upperBound, start + 400)
    if let assigned = text.firstIndex(of: " = ", in: start..<end),
      text.firstIndex(of: UInt8(ascii: "("), in: start..<assigned) == nil
    {
      start = assigned + 3
    }
    for word: StaticString in ["return ", "yield from ", "yield ", "await "]
    where text.has(word, at: start, before: end) {
      start += word.utf8CodeUnitCount
    }
    return start..<end
  }

  /// The names that code gives to a callable that it was handed.
  private static let handed: [StaticString] = [
    "receiver", "func", "function", "fn", "f", "fun", "callback", "cb", "handler", "hook", "view", "view_func",
    "view_fn", "method", "wrapped", "callable", "plugin", "listener", "target", "action", "processor", "inner",
    "validator", "factory", "provider", "signal_handler", "get_response", "call", "thunk", "closure", "original",
    "original_func", "wrapped_func", "wrapped_function", "subscriber", "observer", "middleware", "runner",
  ]

  private static func isWrapperName(_ text: borrowing Span<UInt8>, _ name: Range<Int>) -> Bool {
    text.equals(name, "wrapper") || text.equals(name, "wrapped") || text.equals(name, "inner")
      || text.equals(name, "_wrapped_view") || text.equals(name, "_wrapper") || text.equals(name, "_inner")
      || text.equals(name, "wrapped_view") || text.equals(name, "_wrapped") || text.equals(name, "decorated")
      || text.equals(name, "__call__") || text.equals(name, "dispatch") || text.equals(name, "wrap")
  }
}
