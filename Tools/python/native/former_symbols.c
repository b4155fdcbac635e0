/* Mathematics of glibc in the versions that older systems have, too. Newer ones differ in `errno` alone, and would be the
 * only reason why the wheel could not be used with glibc 2.34 (Red Hat 9 and its relatives). */
#if defined(__x86_64__)
#define FORMER "GLIBC_2.2.5"
#elif defined(__aarch64__)
#define FORMER "GLIBC_2.17"
#endif

__asm__(".symver former_hypot, hypot@" FORMER);
__asm__(".symver former_hypotf, hypotf@" FORMER);

double former_hypot(double, double);
float former_hypotf(float, float);

__attribute__((visibility("hidden"))) double hypot(double x, double y) { return former_hypot(x, y); }
__attribute__((visibility("hidden"))) float hypotf(float x, float y) { return former_hypotf(x, y); }
