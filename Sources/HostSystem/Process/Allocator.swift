import CMalloc

/// Settings for the memory allocator of the C library.
package enum Allocator {
  /// Returns blocks above 128 KiB to the system when they are freed. By default, glibc learns from the first large mail
  /// to keep such blocks in its heap, and the process stays as large as at its worst moment (mallopt(3),
  /// M_MMAP_THRESHOLD).
  package static func giveBackLargeBlocks() { _ = mallopt(M_MMAP_THRESHOLD, 128 << 10) }

  /// Lets each thread keep up to 1 MiB of free memory at the end of its heap. With glibc's 128 KiB, a few simultaneous
  /// mails make it return memory and take it again all the time, and each of these calls interrupts the other cores.
  package static func keepSpareMemory() { _ = mallopt(M_TRIM_THRESHOLD, 1 << 20) }
}
