/// An OpenSSL object that is released when its owner goes.
struct Owned: ~Copyable {
  let pointer: OpaquePointer
  private let release: (OpaquePointer?) -> Void

  /// Takes ownership of `pointer`, or returns nil if it is nil because OpenSSL could not make the object.
  init?(_ pointer: OpaquePointer?, _ release: @escaping (OpaquePointer?) -> Void) {
    guard let pointer else { return nil }
    self.pointer = pointer
    self.release = release
  }

  deinit { release(pointer) }
}
