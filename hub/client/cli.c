/* cli.c: libmedhub on the command line, for scripts and for trying out. */
#include <medhub/medhub.h>

int main(void)
{
    return 0;
}
