# 240 MB of shuffled rows and 60 MB (plain) of packed components: several times the smallest budget
"$BUSBAR" generate pjm.da_hrl_lmps -o "$IN" --nodes 6435 --from 2024-03-08 --days 13 --shuffle --duplicates 0.01 --files-per all --quiet
"$BUSBAR" generate caiso.dam_lmp_grp -o "$IN" --nodes 1500 --from 2024-03-09 --days 2 --zip --quiet
