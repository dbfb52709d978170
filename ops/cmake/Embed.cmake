# hub_embed(topics_csv FILE) makes <current binary dir>/topics_csv.c with the bytes of FILE:
#     extern const unsigned char topics_csv[]; extern const size_t topics_csv_length;
# so that a program needs no file beside it. The array ends with a NUL that the length does not count.
set(HUB_EMBED_SCRIPT ${CMAKE_CURRENT_LIST_DIR}/embed_file.cmake)

function(hub_embed symbol file)
    get_filename_component(file ${file} ABSOLUTE)
    set(output ${CMAKE_CURRENT_BINARY_DIR}/${symbol}.c)
    add_custom_command(
        OUTPUT ${output}
        COMMAND ${CMAKE_COMMAND} -DSYMBOL=${symbol} -DFILE=${file} -DOUTPUT=${output} -P ${HUB_EMBED_SCRIPT}
        DEPENDS ${file} ${HUB_EMBED_SCRIPT}
        COMMENT "embedding ${file}")
endfunction()
