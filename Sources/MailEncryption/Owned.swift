/// Something that OpenSSL made, given back when its owner goes.
struct Owned: ~Copyable {
  let pointer: OpaquePointer
  private let release: (OpaquePointer?) -> Void

  /// Nil when OpenSSL could not make it.
  init?(_ pointer: OpaquePointer?, _ release: @escaping (OpaquePointer?) -> Void) {
    guard let pointer else { return nil }
    self.pointer = pointer
    self.release = release
  }

  deinit { release(pointer) }
}
