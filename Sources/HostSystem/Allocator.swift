import CMalloc

/// How the C library keeps memory.
package enum Allocator {
  /// Has blocks above 128 KiB go back to the system when they are freed. Left to itself, glibc learns from the first
  /// large mail to keep such blocks in its heap, and the process stays as large as at its worst moment (mallopt(3),
  /// M_MMAP_THRESHOLD).
  package static func giveBackLargeBlocks() { _ = mallopt(M_MMAP_THRESHOLD, 128 << 10) }
}
