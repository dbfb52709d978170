/* temp_folder.h: a folder of a test's own that goes with it. */
#ifndef SUPPORT_TEMP_FOLDER_H
#define SUPPORT_TEMP_FOLDER_H

enum { TEMP_FOLDER_BYTES = 64 };

/* Makes a new empty folder and writes its path; aborts the program if there is none to be had. In memory where the
 * machine has such a place, so that a test that syncs costs no disk. */
void temp_folder_make(char path[TEMP_FOLDER_BYTES]);
/* Deletes it and all that is in it. */
void temp_folder_remove(const char *path);

#endif
