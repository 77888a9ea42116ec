import MailMessage

/// Whose code a frame is.
enum Place: String, Sendable, Codable {
  case application, library, runtime
}

/// A frame with its place and the path of its module, without what a deploy, a virtualenv or a host changes.
struct PlacedFrame: Sendable, Equatable {
  var place: Place
  /// The path of the module below its root: `shop/pricing.py`, `django/db/models/query.py`.
  var module: Range<Int>
  /// Why it was placed so.
  var reason: PlacementReason
  /// The first directory of `module`, or the module itself.
  var package: Range<Int>
  /// Code that every request or command goes through and that says nothing about the error.
  var isPlumbing = false
}

/// Why a frame was placed where it was: shown by `explain`.
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

/// Decides whose code a frame is, from what the mail itself says.
struct FramePlacement {
  /// `sys.path` as Django prints it.
  private let pythonPath: [Range<Int>]
  /// Top packages that are the site's own wherever they are installed: those of the settings module, of
  /// `Raised during` and of management commands. Debian ships Django applications in dist-packages.
  private var ownPackages: [Range<Int>] = []
  /// The directory of `manage.py`.
  private var projectRoot: Range<Int>?

  /// Everything a plain traceback tells about its site.
  init(_ text: borrowing Span<UInt8>, frames: [TracebackFrame], report: DjangoReport?) {
    pythonPath = report?.pythonPath ?? []
    if let module = report?.settingsModule { addOwnPackage(text, topOf(text, module)) }
    if let view = report?.raisedDuring { addOwnPackage(text, topOf(text, view)) }
    // Asked for once: in the loop, the report would be copied for each frame.
    let isPlain = report == nil
    for frame in frames {
      if projectRoot == nil { projectRoot = Self.directoryOfManagePy(text, frame.file) }
      if isPlain, let package = Self.packageOfCommand(text, frame.file) { addOwnPackage(text, package) }
    }
  }

  private mutating func addOwnPackage(_ text: borrowing Span<UInt8>, _ name: Range<Int>) {
    guard !name.isEmpty, !KnownLibraries.contains(text, name) else { return }
    ownPackages.append(name)
  }

  private func topOf(_ text: borrowing Span<UInt8>, _ dotted: Range<Int>) -> Range<Int> {
    dotted.lowerBound..<(text.firstIndex(of: UInt8(ascii: "."), in: dotted) ?? dotted.upperBound)
  }

  private static func directoryOfManagePy(_ text: borrowing Span<UInt8>, _ file: Range<Int>) -> Range<Int>? {
    guard file.count > 10, text.has("manage.py", at: file.upperBound - 9, before: file.upperBound),
      ModulePath.isSeparator(text[file.upperBound - 10])
    else { return nil }
    return file.lowerBound..<(file.upperBound - 10)
  }

  /// `debusine` of `…/dist-packages/debusine/db/management/commands/vacuum.py`.
  private static func packageOfCommand(_ text: borrowing Span<UInt8>, _ file: Range<Int>) -> Range<Int>? {
    guard text.firstIndex(of: "/management/commands/", in: file) != nil,
      let installed = ModulePath.installed(text, file)
    else { return nil }
    return ModulePath.top(text, installed)
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
    if let module = ModulePath.script(text, file) { return placed(.library, module, .script) }
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

/// Frames of the application that every request or command goes through.
enum Plumbing {
  static func isPlumbing(_ text: borrowing Span<UInt8>, _ frame: TracebackFrame, module: Range<Int>) -> Bool {
    if text.firstIndex(of: "execute_from_command_line(", in: frame.source) != nil { return true }
    // A middleware that only calls the next one: `response = self.get_response(request)`.
    if text.firstIndex(of: "get_response(request)", in: frame.source) != nil { return true }
    // A decorator or wrapper that passes everything on: `return view(request, *args, **kwargs)`.
    guard text.firstIndex(of: "*args, **kw", in: frame.source) != nil else { return false }
    return isWrapperName(text, frame.function)
  }

  private static func isWrapperName(_ text: borrowing Span<UInt8>, _ name: Range<Int>) -> Bool {
    text.equals(name, "wrapper") || text.equals(name, "wrapped") || text.equals(name, "inner")
      || text.equals(name, "_wrapped_view") || text.equals(name, "_wrapper") || text.equals(name, "_inner")
      || text.equals(name, "wrapped_view") || text.equals(name, "_wrapped") || text.equals(name, "decorated")
      || text.equals(name, "__call__") || text.equals(name, "dispatch") || text.equals(name, "wrap")
  }
}
