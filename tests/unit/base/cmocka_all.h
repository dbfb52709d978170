/* cmocka.h wants these before it. */
#ifndef UNIT_BASE_CMOCKA_ALL_H
#define UNIT_BASE_CMOCKA_ALL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
