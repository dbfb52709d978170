#include "base/status.h"

const char *status_name(enum status status)
{
    switch (status) {
    case STATUS_OK:
        return "ok";
    case STATUS_RETRY:
        return "retry";
    case STATUS_REJECT:
        return "reject";
    case STATUS_FATAL:
        return "fatal";
    }
    return "unknown";
}
