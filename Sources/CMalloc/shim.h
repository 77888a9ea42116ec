// mallopt is in none of the headers of Swift's Glibc module.
#include <malloc.h>
